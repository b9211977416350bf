import { createScrubber, loadApp, redactData, type App } from '../../contracts/index.ts';
import type { Engine, EngineJob } from '../../engine/index.ts';
import { parseJobId, readStoredJob } from '../../queue/index.ts';
import type { Command, Terminal } from '../command.ts';
import { listDeadLetters } from '../list-dead-letters.ts';
import { parseCommand, type ParsedArguments } from '../parse.ts';
import { table, visible, when } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { withEngine } from '../with-engine.ts';

const OPTIONS = { queue: { type: 'string' }, limit: { type: 'string' }, all: { type: 'boolean' } } as const;
const LIMIT = { fallback: 50, max: 10_000 };

export const deadLetters: Command = {
  name: 'dead-letters',
  summary: 'jobs that ended in failure: list, show',
  usage: 'shiftwork dead-letters [list [--queue NAME] [--limit 50] [--all] | show ID] [--app PATH] [--json]',
  details: [
    'list, newest end first; expired and cancelled jobs only with --all',
    'show ID, with its data (sensitive fields redacted) and the errors of its attempts',
    '',
  ],
  async run(args, terminal) {
    const parsed = parseCommand(args, OPTIONS, { min: 0, max: 2 });
    const [action = 'list', id] = parsed.positionals;
    const app = await loadApp(parsed.app);
    if (action === 'list' && id === undefined) return list(app, parsed, terminal);
    if (action === 'show' && id !== undefined) return show(app, id, parsed.json, terminal);
    throw new UsageError('Expected "list" or "show ID" after dead-letters.');
  },
};

async function list(app: App, parsed: ParsedArguments, terminal: Terminal): Promise<0> {
  const limit = Number(parsed.text('limit') ?? LIMIT.fallback);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT.max) {
    throw new UsageError(`Expected --limit to be an integer from 1 to ${LIMIT.max}.`);
  }
  const queue = parsed.text('queue');
  if (queue !== undefined && !app.queues.has(queue)) {
    throw new UsageError(`Expected --queue to be one of ${[...app.queues.keys()].join(', ')}.`);
  }
  const queues = queue === undefined ? [...app.queues.keys()] : [queue];
  const letters = await withEngine(terminal.variables, engine =>
    listDeadLetters(engine, app, { queues, limit, all: parsed.flag('all') }),
  );
  if (parsed.json) terminal.print(JSON.stringify(letters));
  else if (letters.length === 0) terminal.print('no dead letters');
  else {
    const rows = letters.map(({ id, name, endedAt, attemptsMade, reason }) => ({
      id,
      name,
      ended: when(endedAt),
      attempts: attemptsMade,
      reason: visible(reason.split('\n', 1)[0]).slice(0, 100),
    }));
    for (const line of table(rows)) terminal.print(line);
  }
  return 0;
}

async function show(app: App, id: string, json: boolean, terminal: Terminal): Promise<0 | 1> {
  const letter = await withEngine(terminal.variables, async engine => {
    const job = await find(engine, app, id);
    return job !== undefined && (await job.isFailed()) ? letterOf(app, id, job) : undefined;
  });
  if (letter === undefined) {
    terminal.complain(`No dead letter "${visible(id).slice(0, 200)}" is known.`);
    return 1;
  }
  terminal.print(json ? JSON.stringify(letter) : JSON.stringify(letter, null, 2));
  return 0;
}

function letterOf(app: App, id: string, job: EngineJob): Readonly<Record<string, unknown>> {
  const contract = app.jobs.get(job.name);
  // Scrubbed when they were stored, by the contract as it was then: it may name more fields now.
  const scrub = contract === undefined ? (text: string) => text : createScrubber(contract, job.data);
  return {
    id,
    name: job.name,
    queue: job.queueName,
    data: redactData(contract, job.data),
    reason: scrub(job.failedReason ?? ''),
    attemptsMade: job.attemptsMade,
    enqueuedAt: job.timestamp,
    endedAt: job.finishedOn,
    worker: job.processedBy,
    errors: (job.stacktrace ?? []).map(scrub),
  };
}

/** An id of ours says its queue; another program's is looked for in all. */
async function find(engine: Engine, app: App, id: string): Promise<EngineJob | undefined> {
  const own = parseJobId(id)?.queue;
  // BullMQ's keys are joined by colons: such an "id" would be another key.
  if (own === undefined && !/^[^:\p{Cc}]{1,200}$/u.test(id)) return undefined;
  for (const name of own === undefined ? app.queues.keys() : [own]) {
    const job = await readStoredJob(await engine.queue(name), id);
    if (job !== undefined) return job;
  }
  return undefined;
}
