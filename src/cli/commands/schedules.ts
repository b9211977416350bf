import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { type Command, operator, parseCommand, table, UsageError } from '../../command/index.ts';
import { didYouMean } from '../../errors/index.ts';
import { Facts } from '../../facts/index.ts';
import { pauseSchedule, readSchedules, resumeSchedule, runSchedule, type ScheduleView } from '../../runtime/index.ts';

const ACTIONS = ['list', 'show', 'run', 'pause', 'resume'] as const;

export const schedules: Command = {
  usage: 'shiftwork schedules list|show NAME|run NAME|pause NAME [--reason TEXT]|resume NAME [--app PATH] [--json]',
  details: [
    'The schedules of the app: when each is due next, what became of its last slots, who has paused it.',
    '',
    '  show       one of them, with its last slots and their jobs',
    '  run        enqueues its job now, with the data of this moment, beside its slots',
    '  pause      its slots become no jobs, over restarts of everything',
    '  resume     it goes on with its next slot; what passed meanwhile is not made up for',
    '',
  ],
  async run(args, terminal) {
    const asked = parseCommand(args, { reason: { type: 'string' } }, { min: 0, max: 2 });
    const [word = 'list', name] = asked.positionals;
    const action = ACTIONS.find(each => each === word);
    if (action === undefined) throw new UsageError(`Expected ${ACTIONS.join(', ')}, got "${word.slice(0, 40)}".`);
    const app = await loadApp(asked.app);
    const by = operator(terminal);
    const reason = asked.text('reason');
    if (reason !== undefined && action !== 'pause') throw new UsageError('Expected --reason with pause alone.');
    if (action === 'list') {
      if (name !== undefined) throw new UsageError('Expected no name for list; show takes one.');
      const found = await withEngine(terminal.variables, engine => readSchedules(app, engine));
      if (asked.json) terminal.print(JSON.stringify(found));
      else for (const line of table(found.map(rowOf))) terminal.print(line);
      return 0;
    }
    const schedule = app.schedules.find(each => each.name === name);
    if (schedule === undefined) {
      const names = app.schedules.map(each => each.name);
      throw new UsageError(
        `Expected the name of a schedule of the app${name === undefined ? '' : `, got "${name.slice(0, 40)}"`}.${didYouMean(name ?? '', names)}`,
      );
    }
    await withEngine(terminal.variables, async engine => {
      const say = (json: object, text: string): void => terminal.print(asked.json ? JSON.stringify(json) : text);
      if (action === 'run') {
        const jobId = await runSchedule(engine, new Facts(), schedule, by);
        say({ name: schedule.name, jobId }, jobId);
      } else if (action === 'pause') {
        const done = await pauseSchedule(engine, schedule, { by, reason });
        say({ name: schedule.name, state: 'paused' }, `${schedule.name} is paused${done ? '' : ' already'}`);
      } else if (action === 'resume') {
        await resumeSchedule(engine, schedule);
        say({ name: schedule.name, state: 'running' }, `${schedule.name} is running`);
      } else {
        const view = (await readSchedules({ ...app, schedules: [schedule] }, engine))[0];
        if (asked.json) terminal.print(JSON.stringify(view));
        else if (view !== undefined) for (const line of linesOf(view)) terminal.print(line);
      }
    });
    return 0;
  },
};

function rowOf(schedule: ScheduleView): Readonly<Record<string, string>> {
  const { name, job, paused, overdue, nextAt, runs } = schedule;
  const [last] = runs;
  return {
    schedule: name,
    job,
    due: dueOf(schedule),
    next: paused !== undefined ? `paused by ${paused.by}` : overdue ? 'overdue' : at(nextAt),
    last: last === undefined ? '-' : `${at(last.at)} ${last.job?.state ?? last.what}`,
  };
}

function linesOf(schedule: ScheduleView): readonly string[] {
  const { paused, runs } = schedule;
  return [
    ...Object.entries(rowOf(schedule)).map(([label, value]) => `${label}: ${value}`),
    ...(paused?.reason === undefined ? [] : [`reason: ${paused.reason}`]),
    ...runs.map(
      ({ at: slot, what, count, job, jobId }) =>
        `  ${at(slot)}  ${count > 1 ? `${count} slots ` : ''}${what}${job === undefined ? '' : `, ${job.state}`}${jobId === undefined ? '' : `  ${jobId}`}`,
    ),
  ];
}

function dueOf({ when }: ScheduleView): string {
  return when.kind === 'cron' ? `${when.cron} ${when.timeZone}` : `every ${when.everyMs} ms`;
}

function at(ms: number | undefined): string {
  return ms === undefined ? 'never' : new Date(ms).toISOString().replace('.000Z', 'Z');
}
