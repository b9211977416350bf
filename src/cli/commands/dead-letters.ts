import { loadApp, redactData, type App } from '../../contracts/index.ts';
import type { Engine, EngineJob } from '../../engine/index.ts';
import { parseJobId } from '../../queue/index.ts';
import type { Command, Terminal } from '../command.ts';
import { parseCommand, type ParsedArguments } from '../parse.ts';
import { table, visible, when } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { withEngine } from '../with-engine.ts';

/** Ends that a contract or a person asked for. */
const EXPECTED = /^JOB_(?:EXPIRED|CANCELLED)\b/;

export const deadLetters: Command = {
  name: 'dead-letters',
  summary: 'jobs that ended in failure: list, show',
  usage: 'shiftwork dead-letters [list [--queue NAME] [--limit 50] [--all] | show ID] [--json]',
  async run(args, terminal) {
    const parsed = parseCommand(
      args,
      { queue: { type: 'string' }, limit: { type: 'string' }, all: { type: 'boolean' } },
      { min: 0, max: 2 },
    );
    const [action = 'list', id] = parsed.positionals;
    const app = await loadApp(parsed.app);
    if (action === 'list' && id === undefined)
      return withEngine(terminal.variables, engine => list(engine, app, parsed, terminal));
    if (action === 'show' && id !== undefined) {
      return withEngine(terminal.variables, engine => show(engine, app, id, parsed.json, terminal));
    }
    throw new UsageError(`Expected list or show ID, got "${parsed.positionals.join(' ')}".`);
  },
};

async function list(engine: Engine, app: App, parsed: ParsedArguments, terminal: Terminal): Promise<0> {
  const limit = Number(parsed.text('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new UsageError('Expected --limit to be from 1 to 10000.');
  const only = parsed.text('queue');
  if (only !== undefined && !app.queues.has(only))
    throw new UsageError(`Expected --queue among ${[...app.queues.keys()].join(', ')}.`);
  const rows: { id: string; name: string; ended: number | undefined; attempts: number; reason: string }[] = [];
  for (const name of only === undefined ? app.queues.keys() : [only]) {
    const queue = await engine.queue(name);
    for (const job of await queue.getFailed(0, limit - 1)) {
      const reason = job.failedReason ?? '';
      if (!parsed.flag('all') && EXPECTED.test(reason)) continue;
      rows.push({ id: job.id ?? '', name: job.name, ended: job.finishedOn, attempts: job.attemptsMade, reason });
    }
  }
  rows.sort((a, b) => (b.ended ?? 0) - (a.ended ?? 0));
  const shown = rows.slice(0, limit);
  if (parsed.json) terminal.print(JSON.stringify(shown));
  else if (shown.length === 0) terminal.print('no dead letters');
  else {
    const people = shown.map(row => ({
      ...row,
      ended: when(row.ended),
      reason: visible(row.reason.split('\n', 1)[0]).slice(0, 100),
    }));
    for (const line of table(people)) terminal.print(line);
  }
  return 0;
}

async function show(engine: Engine, app: App, id: string, json: boolean, terminal: Terminal): Promise<0 | 1> {
  const job = await find(engine, id);
  if (job === undefined || !(await job.isFailed())) {
    terminal.complain(`No dead letter "${visible(id).slice(0, 200)}" is known.`);
    return 1;
  }
  const letter = {
    id,
    name: job.name,
    data: redactData(app.jobs.get(job.name), job.data),
    reason: job.failedReason,
    attemptsMade: job.attemptsMade,
    enqueuedAt: when(job.timestamp),
    endedAt: when(job.finishedOn),
    worker: job.processedBy,
    errors: job.stacktrace ?? [],
  };
  terminal.print(json ? JSON.stringify(letter) : JSON.stringify(letter, null, 2));
  return 0;
}

async function find(engine: Engine, id: string): Promise<EngineJob | undefined> {
  const parts = parseJobId(id);
  return parts === undefined ? undefined : (await engine.queue(parts.queue)).getJob(id);
}
