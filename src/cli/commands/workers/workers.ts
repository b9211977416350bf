import { withEngine } from '../../../boot/engine/index.ts';
import { onRecord } from '../../../boot/record/index.ts';
import { type Command, operator, parseCommand, table, UsageError, visible, wrongWord } from '../../../command/index.ts';
import { orderWorkers, readFleet, resumeWorkers, type Fleet, type OrderAnswer } from '../../../runtime/index.ts';
import { hostRows } from './host-rows.ts';

const ACTIONS = ['list', 'quiet', 'stop', 'resume'] as const;

export const workers: Command = {
  usage: 'shiftwork workers list|quiet|stop|resume [NAME...|--all] [--json]',
  details: [
    'The worker hosts that are alive and their processes: release, load, memory, lag. NAME is a host, as the list names it or by the name of its',
    'machine, or one process. It obeys within some two seconds. Exit 1 where one of them did not take the order.',
    '',
    '  quiet      takes no new jobs; what runs goes on',
    '  stop       ends as at a deploy; a process is replaced by its supervisor, a host by whatever has started it',
    '  resume     takes jobs again; of a host all of its processes do',
    '  --all      every host that is alive',
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const asked = parseCommand(args, { all: { type: 'boolean' } }, { min: 0, max: 100 }, ['app']);
    const [word = 'list', ...names] = asked.positionals;
    const action = ACTIONS.find(each => each === word);
    if (action === undefined) throw wrongWord(ACTIONS.join(', '), word, ACTIONS);
    const all = asked.flag('all');
    if (action === 'list' ? names.length > 0 || all : all === names.length > 0) {
      throw new UsageError(
        `Expected ${action === 'list' ? 'no names for list' : 'names of hosts or processes, or --all'}.`,
      );
    }
    const by = operator(terminal);
    return withEngine(terminal.variables, async engine => {
      const fleet = await readFleet(engine);
      if (action === 'list') {
        if (asked.json) terminal.print(JSON.stringify(fleet.hosts));
        else
          for (const line of table(fleet.hosts.flatMap(host => hostRows(host, engine.clock.now()))))
            terminal.print(line);
        return 0;
      }
      const targets = all ? fleet.hosts.map(({ name }) => name) : names.flatMap(name => targetsOf(fleet, name));
      const answers: { readonly name: string; readonly answer: OrderAnswer }[] = [];
      const order = async (): Promise<void> => {
        for (const name of targets) {
          const answer =
            action === 'resume'
              ? await resumeWorkers(engine, name)
              : await orderWorkers(engine, name, { what: action, by });
          answers.push({ name, answer });
          if (!asked.json) say(terminal, action, name, answer);
        }
      };
      const on = all ? `all hosts: ${targets.join(', ')}` : targets.join(', ');
      await onRecord(terminal, engine, { command: `workers ${action}`, what: `${action} workers`, on }, order, () => ({
        matched: targets.length,
        done: answers.filter(isGiven).length,
      }));
      if (asked.json) terminal.print(JSON.stringify(answers));
      return answers.every(isGiven) ? 0 : 1;
    });
  },
};

function isGiven({ answer }: { readonly answer: OrderAnswer }): boolean {
  return answer === 'given' || answer === 'given already';
}

const DONE = { quiet: 'takes no new jobs', stop: 'stops', resume: 'takes jobs' } as const;

function say(
  terminal: Parameters<Command['run']>[1],
  action: keyof typeof DONE,
  name: string,
  answer: OrderAnswer,
): void {
  const shown = visible(name).slice(0, 200);
  switch (answer) {
    case 'given':
      return terminal.print(`${shown} ${DONE[action]}`);
    case 'given already':
      return terminal.print(`${shown} ${DONE[action]} already, or has been told`);
    case 'unknown':
      return terminal.complain(`No host or process "${shown}" is alive: shiftwork workers list names those that are.`);
    case 'deaf':
      return terminal.complain(`${shown} runs an older release, which takes no orders.`);
    case 'its host is quiet':
      return terminal.complain(`The whole host of ${shown} is quiet: resume that.`);
    case 'it stops':
      return terminal.complain(`${shown} was told to stop, which nobody takes back.`);
  }
}

/** What stands under that name: a host or a process, else the hosts on a machine of that name. */
function targetsOf({ hosts }: Fleet, asked: string): readonly string[] {
  const onMachine = hosts.filter(({ name, host }) => name !== asked && host === asked).map(({ name }) => name);
  return onMachine.length > 0 ? onMachine : [asked];
}
