import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { journalSource } from '../../boot/journal/index.ts';
import {
  type Command,
  lengthOf,
  onStopAsked,
  parseCommand,
  UsageError,
  visible,
  wrongWord,
} from '../../command/index.ts';
import { didYouMean } from '../../errors/index.ts';
import { newRuns, OUTCOMES, type RunOutcome, type RunRecord } from '../../journal/index.ts';
import { shownJobId, shownRun } from '../../queue/index.ts';
import { checkQueue } from '../known-queue.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';

export const tail: Command = {
  usage:
    'shiftwork tail [--queue QUEUE] [--contract NAME] [--outcome OUTCOME...] [--since 10m] [--count N] [--app PATH] [--json]',
  details: [
    'What runs come to, as the journal has it some two seconds later, the oldest first, until it is stopped.',
    '--queue, --contract     of these alone',
    `--outcome dead          ${OUTCOMES.join(', ')}; may be given several times`,
    '--since 10m             begins with those that ended so long ago; without it with those that end from now on',
    '--count N               ends after so many',
    '--json                  one document a line',
    'Where a contract succeeds so often that the journal keeps only some successes, only those are shown.',
    '',
  ],
  async run(args, terminal) {
    const parsed = parseCommand(
      args,
      {
        queue: { type: 'string' },
        contract: { type: 'string' },
        outcome: { type: 'string', multiple: true },
        since: { type: 'string' },
        count: { type: 'string' },
      },
      { min: 0, max: 0 },
    );
    const app = await loadApp(parsed.app);
    const contract = parsed.text('contract');
    if (contract !== undefined && !app.jobs.has(contract)) {
      throw new UsageError(
        `Expected a contract of the app, got "${contract.slice(0, 40)}".${didYouMean(contract, app.jobs.keys())}`,
      );
    }
    const outcomes = parsed.texts('outcome').map(outcomeOf);
    const count = Number(parsed.text('count') ?? Number.POSITIVE_INFINITY);
    if (!(count >= 1)) throw wrongWord('--count to be a number from 1 on', parsed.text('count'));
    // Checked where durations are.
    const sinceMs = toMilliseconds((parsed.text('since') ?? 0) as Duration, 'since');
    const stopped = new AbortController();
    const listenNoMore = onStopAsked(terminal.variables, () => stopped.abort());
    await withEngine(terminal.variables, async engine => {
      const source = journalSource(engine, terminal.variables);
      try {
        // An engine that is away says so; and with it the time is known.
        await engine.check();
        await checkQueue(engine, app, parsed);
        const query = {
          queue: parsed.text('queue'),
          contract,
          outcomes: outcomes.length === 0 ? undefined : outcomes,
        };
        const now = (): number => engine.clock.now();
        const runs = newRuns(await source.open(), query, { since: now() - sinceMs, now, signal: stopped.signal });
        let shown = 0;
        for await (const run of runs) {
          terminal.print(parsed.json ? JSON.stringify(shownRun(run)) : lineOf(run));
          shown += 1;
          if (shown >= count) break;
        }
      } finally {
        await source.close();
      }
    }).finally(listenNoMore);
    return 0;
  },
};

function lineOf(run: RunRecord): string {
  const { endedAt, outcome, queue, jobId, jobName, attempt, ranMs, waitedMs, worker, reason, error, message } = run;
  const why = [reason, error, message].filter(each => each !== undefined).join(': ');
  return [
    new Date(endedAt).toISOString(),
    outcome.padEnd(9),
    visible(jobName),
    visible(shownJobId({ queue, id: jobId })),
    `attempt ${attempt}`,
    ...(ranMs === undefined ? [] : [`ran ${lengthOf(ranMs)}`]),
    ...(waitedMs === undefined ? [] : [`waited ${lengthOf(waitedMs)}`]),
    visible(worker),
    ...(why === '' ? [] : [visible(why)]),
  ].join('  ');
}

/** @throws UsageError */
function outcomeOf(text: string): RunOutcome {
  const found = OUTCOMES.find(outcome => outcome === text);
  if (found !== undefined) return found;
  throw wrongWord(`--outcome among ${OUTCOMES.join(', ')}`, text, OUTCOMES);
}
