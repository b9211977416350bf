import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { onRecord } from '../../boot/record/index.ts';
import {
  allowOnly,
  type Command,
  operator,
  parseCommand,
  table,
  UsageError,
  visible,
  type ParsedArguments,
  type Terminal,
} from '../../command/index.ts';
import type { App, Schedule } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { didYouMean } from '../../errors/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn, UnknownScheduleError, type RunTimeSchedule, type Schedules } from '../../queue/index.ts';
import { pauseSchedule, readSchedules, resumeSchedule, runSchedule, type ScheduleView } from '../../runtime/index.ts';

const ACTIONS = ['list', 'show', 'run', 'pause', 'resume', 'remove'] as const;
const PAGE = 100;

export const schedules: Command = {
  usage:
    'shiftwork schedules list [--prefix TEXT] [--after NAME] [--limit N]|show NAME|run NAME|pause NAME [--reason TEXT]|resume NAME|remove NAME [--app PATH] [--json]',
  details: [
    'The schedules of the app and those that were made at run time: when each is due next, what became of its last slots, who has paused it.',
    '',
    '  list       those of the app, then those that were made at run time, by name',
    '  show       one of them, with its last slots and their jobs',
    '  run        enqueues its job now, with the data of this moment, beside its slots',
    '  pause      its slots become no jobs, over restarts of everything',
    '  resume     it goes on with its next slot; what passed meanwhile is not made up for',
    '  remove     ends one that was made at run time; jobs that it has made stay',
    '',
    '  --prefix TEXT   those whose names begin so, such as digest:',
    `  --after NAME    those made at run time whose names come behind that: the next page`,
    `  --limit N       of those made at run time; ${PAGE} when left out`,
    '',
  ],
  async run(args, terminal) {
    const options = {
      reason: { type: 'string' },
      prefix: { type: 'string' },
      after: { type: 'string' },
      limit: { type: 'string' },
    } as const;
    const asked = parseCommand(args, options, { min: 0, max: 2 });
    const [word = 'list', name] = asked.positionals;
    const action = ACTIONS.find(each => each === word);
    if (action === undefined) {
      const meant = didYouMean(word, ACTIONS);
      throw new UsageError(`Expected ${ACTIONS.join(', ')}, got "${word.slice(0, 40)}".${meant}`);
    }
    const allowed = { list: ['prefix', 'after', 'limit'], pause: ['reason'] } as const;
    allowOnly(asked, `schedules ${action}`, action === 'list' || action === 'pause' ? allowed[action] : []);
    const app = await loadApp(asked.app);
    if (action === 'list' && name !== undefined) throw new UsageError('Expected no name for list; show takes one.');
    return withEngine(terminal.variables, async engine => {
      const made = clientOn(engine, new Facts(), undefined, undefined, app).schedules;
      if (action === 'list') return list(app, engine, made, asked, terminal);
      if (name === undefined)
        throw new UsageError(`Expected the name of a schedule, "schedules ${action} NAME", got none.`);
      const say = (json: object, text: string): void => terminal.print(asked.json ? JSON.stringify(json) : text);
      const by = operator(terminal);
      const schedule = app.schedules.find(each => each.name === name);
      const one = schedule === undefined ? ofRunTime(made, name) : ofApp(app, engine, schedule);
      const reason = asked.text('reason');
      const doing = (): Promise<void> => act({ ...one, name }, action, { by, reason }, say);
      const record = { command: `schedules ${action}`, what: `${action} a schedule`, on: name, reason };
      try {
        await (action === 'show' ? doing() : onRecord(terminal, engine, record, doing));
      } catch (error) {
        if (!(error instanceof UnknownScheduleError)) throw error;
        const names = app.schedules.map(each => each.name);
        throw new UsageError(
          `Expected the name of a schedule of the app, or of one that was made at run time, got "${name.slice(0, 40)}".${didYouMean(name, names)}`,
        );
      }
      return 0;
    });
  },
};

interface Who {
  readonly by: string;
  readonly reason: string | undefined;
}

/** What the command does with either kind. */
interface Acts {
  readonly show: () => Promise<{ readonly json: object; readonly lines: readonly string[] }>;
  readonly run: (by: string) => Promise<string>;
  /** Answers whether it was running. */
  readonly pause: (who: Who) => Promise<boolean>;
  readonly resume: () => Promise<unknown>;
  readonly remove: () => Promise<unknown>;
}

async function act(
  one: Acts & { readonly name: string },
  action: Exclude<(typeof ACTIONS)[number], 'list'>,
  who: Who,
  say: (json: object, text: string) => void,
): Promise<void> {
  const { name } = one;
  switch (action) {
    case 'show': {
      const { json, lines } = await one.show();
      return say(json, lines.join('\n'));
    }
    case 'run': {
      const jobId = await one.run(who.by);
      return say({ name, jobId }, jobId);
    }
    case 'pause': {
      const done = await one.pause(who);
      return say({ name, state: 'paused' }, `${visible(name)} is paused${done ? '' : ' already'}`);
    }
    case 'resume':
      await one.resume();
      return say({ name, state: 'running' }, `${visible(name)} is running`);
    case 'remove':
      await one.remove();
      return say({ name, state: 'removed' }, `${visible(name)} is removed`);
  }
}

function ofApp(app: App, engine: Engine, schedule: Schedule): Acts {
  return {
    show: async () => {
      const [view] = await readSchedules({ ...app, schedules: [schedule] }, engine);
      if (view === undefined) throw new UnknownScheduleError(schedule.name);
      return { json: view, lines: linesOf(view) };
    },
    run: by => runSchedule(engine, new Facts(), schedule, by),
    pause: who => pauseSchedule(engine, schedule, who),
    resume: () => resumeSchedule(engine, schedule),
    remove: async () => {
      throw new UsageError(
        `Expected one that was made at run time; "${schedule.name}" stands in the app: take it out there.`,
      );
    },
  };
}

function ofRunTime(made: Schedules, name: string): Acts {
  return {
    show: async () => {
      const view = await made.get(name);
      if (view === undefined) throw new UnknownScheduleError(name);
      return { json: view, lines: madeLinesOf(view) };
    },
    run: async by => (await made.run(name, { by })).id,
    pause: ({ by, reason }) => made.pause(name, { by, ...(reason !== undefined && { reason }) }),
    resume: () => made.resume(name),
    remove: async () => {
      if (!(await made.remove(name))) throw new UnknownScheduleError(name);
    },
  };
}

async function list(app: App, engine: Engine, made: Schedules, asked: ParsedArguments, terminal: Terminal): Promise<0> {
  const [prefix = '', after, limit] = [asked.text('prefix'), asked.text('after'), asked.text('limit')];
  const ofTheApp = app.schedules.filter(({ name }) => after === undefined && name.startsWith(prefix));
  const found = await readSchedules({ ...app, schedules: ofTheApp }, engine);
  const page = await made.list({
    prefix,
    ...(after !== undefined && { after }),
    limit: limit === undefined ? PAGE : Number(limit),
  });
  if (asked.json) {
    const all = [
      ...found.map(each => ({ kind: 'app', ...each })),
      ...page.schedules.map(each => ({ kind: 'run-time', ...each })),
      ...page.unreadable.map(name => ({ kind: 'unreadable', name })),
    ];
    terminal.print(JSON.stringify(all));
    return 0;
  }
  const rows = [...found.map(rowOf), ...page.schedules.map(madeRowOf), ...page.unreadable.map(unreadableRowOf)];
  for (const line of table(rows)) terminal.print(line);
  if (page.next !== undefined) terminal.complain(`There may be more: --after ${visible(page.next)}`);
  return 0;
}

function madeRowOf({
  name,
  job,
  when,
  paused,
  overdue,
  nextAt,
  hitch,
  runs,
}: RunTimeSchedule): Readonly<Record<string, string>> {
  const [last] = runs;
  const next = paused !== undefined ? `paused by ${visible(paused.by)}` : overdue ? 'overdue' : at(nextAt);
  return {
    schedule: visible(name),
    job: visible(job),
    due: dueOf({ when }),
    next: hitch === undefined ? next : HITCHES[hitch.why],
    last: last === undefined ? '-' : `${at(last.at)} ${last.what}`,
  };
}

function unreadableRowOf(name: string): Readonly<Record<string, string>> {
  return { schedule: visible(name), job: '-', due: '-', next: 'its record cannot be read', last: '-' };
}

const HITCHES = { 'no-contract': 'no such contract', 'no-rule': 'its cron cannot be read' } as const;

function madeLinesOf(schedule: RunTimeSchedule): readonly string[] {
  const { made, changed, paused, runs } = schedule;
  return [
    ...Object.entries(madeRowOf(schedule)).map(([label, value]) => `${label}: ${value}`),
    `made: ${at(made.at)} by ${visible(made.by)}`,
    ...(changed.at === made.at ? [] : [`changed: ${at(changed.at)} by ${visible(changed.by)}`]),
    ...(paused?.reason === undefined ? [] : [`reason: ${visible(paused.reason)}`]),
    ...runs.map(
      ({ at: slot, what, count, jobId }) =>
        `  ${at(slot)}  ${count > 1 ? `${count} slots ` : ''}${what}${jobId === undefined ? '' : `  ${jobId}`}`,
    ),
  ];
}

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

function dueOf({ when }: Pick<ScheduleView, 'when'>): string {
  return when.kind === 'cron' ? `${when.cron} ${when.timeZone}` : `every ${when.everyMs} ms`;
}

function at(ms: number | undefined): string {
  return ms === undefined ? 'never' : new Date(ms).toISOString().replace('.000Z', 'Z');
}
