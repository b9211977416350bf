import { loadApp } from '../../boot/index.ts';
import { type Command, operator, parseCommand, type ParsedArguments, UsageError } from '../../command/index.ts';
import { withClient } from '../../boot/engine/index.ts';
import { onRecord } from '../../boot/record/index.ts';
import type { App } from '../../contracts/index.ts';
import { didYouMean } from '../../errors/index.ts';
import type { PauseTarget } from '../../queue/index.ts';

/** No worker begins a job of what is paused; what runs goes on, and producers can go on enqueueing. */
export const pause: Command = switching('pause');
export const resume: Command = switching('resume');

/** What a line of `--json` says beside the state. */
interface Named {
  readonly name?: string;
  readonly queue?: string;
  readonly contract?: string;
  readonly group?: string;
}

function switching(name: 'pause' | 'resume'): Command {
  const reason = name === 'pause' ? ' [--reason TEXT]' : '';
  return {
    usage: `shiftwork ${name} QUEUE...|--contract NAME|--group NAME[=VALUE] [--queue QUEUE]${reason} [--app PATH] [--json]`,
    details: [
      'What runs goes on, and producers can go on enqueueing. What is paused stays so until it is resumed, over restarts of everything.',
      'Queues are those of the app, and those of other programs in the same engine.',
      '',
      '  --contract NAME        the jobs of one contract; those of others in its queue go on',
      '  --group NAME=VALUE     the jobs that a limit of that name counts together; NAME alone: all of the limit',
      '  --queue QUEUE          with --group: in this queue alone, in place of all of the app',
      ...(name === 'pause'
        ? ['  --reason TEXT          for whoever looks later; `stats`, `queues` and `job` say it']
        : []),
      '',
    ],
    async run(args, terminal) {
      const options = { contract: { type: 'string' }, group: { type: 'string' }, queue: { type: 'string' } } as const;
      const asked = parseCommand(args, name === 'pause' ? { ...options, reason: { type: 'string' } } : options, {
        min: 0,
        max: 100,
      });
      const app = await loadApp(asked.app);
      const targets = targetsOf(asked, app);
      const [given, by] = [asked.text('reason'), operator(terminal)];
      await withClient(
        terminal.variables,
        async (client, engine) => {
          for (const [target, named] of targets) {
            const action = { command: name, what: `${name} ${kindOf(named)}`, on: onOf(named), reason: given };
            await onRecord(terminal, engine, action, async () => {
              if (name === 'resume') await client.resume(target, { by });
              else await client.pause(target, { by, ...(given !== undefined && { reason: given }) });
            });
          }
        },
        app,
      );
      const state = name === 'pause' ? 'paused' : 'running';
      if (asked.json) terminal.print(JSON.stringify(targets.map(([, named]) => ({ ...named, state }))));
      else for (const [, named] of targets) terminal.print(`${words(named)} is ${state}`);
      return 0;
    },
  };
}

function targetsOf({ positionals, text }: ParsedArguments, app: App): readonly (readonly [PauseTarget, Named])[] {
  const [contract, group, queue] = [text('contract'), text('group'), text('queue')];
  const kinds = [positionals.length > 0, contract !== undefined, group !== undefined].filter(Boolean).length;
  if (kinds !== 1)
    throw new UsageError(
      `Expected queues, or --contract, or --group, got ${kinds === 0 ? 'none' : 'more than one'} of the three.`,
    );
  if (queue !== undefined && group === undefined)
    throw new UsageError('Expected --queue with --group alone, got it without a group.');
  if (group !== undefined) {
    const where = queue === undefined ? {} : { queue };
    return [
      [
        { group, ...where },
        { group, ...where },
      ],
    ];
  }
  if (contract === undefined) return positionals.map(name => [{ queue: name }, { name }]);
  const found = app.jobs.get(contract);
  if (found === undefined) {
    throw new UsageError(
      `Expected a contract of the app, got "${contract.slice(0, 40)}".${didYouMean(contract, app.jobs.keys())}`,
    );
  }
  return [[{ contract: found }, { contract, queue: found.queue }]];
}

function kindOf({ name, contract }: Named): string {
  return name !== undefined ? 'a queue' : contract !== undefined ? 'a contract' : 'a group';
}

function onOf({ name, contract, group, queue }: Named): string {
  if (name !== undefined) return `queue ${name}`;
  const part = contract === undefined ? `group ${group}` : `contract ${contract}`;
  return `${part}${queue === undefined ? '' : `, queue ${queue}`}`;
}

function words({ name, contract, group, queue }: Named): string {
  if (name !== undefined) return name;
  return contract === undefined ? `${group}${queue === undefined ? '' : ` in ${queue}`}` : `${contract} in ${queue}`;
}
