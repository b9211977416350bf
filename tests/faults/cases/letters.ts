import { rmSync, writeFileSync } from 'node:fs';
import { Pool } from 'pg';
import { migrateOutbox, Outbox, readOutboxStatus } from '../../../src/outbox/index.ts';
import { startProcess, type TestProcess } from '../../support/child-process.ts';
import { program } from '../../support/programs.ts';
import { startPostgres } from '../../support/postgres-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { brokenMark, deadly, fragile, leaving } from '../app/letters.config.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE, type Trial } from '../trial.ts';
import { inTransaction } from '../../support/in-transaction.ts';

const CLI = program('src/cli/main.ts');
const APP = program('tests/faults/app/letters.config.ts');
/** A host is lost after 15 s, and many processes start meanwhile. */
const PATIENCE_MS = 120_000;

function shiftwork(trial: Trial, args: readonly string[], more: Readonly<Record<string, string>> = {}): TestProcess {
  const engine = { [trial.engine.kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: trial.engine.url };
  const env = { ...engine, SHIFTWORK_NAMESPACE: trial.namespace, CHAOS_SINK: trial.sinkFile, ...more };
  return startProcess(CLI, { args, env });
}

/** Runs it to its end. */
async function ran(...call: Parameters<typeof shiftwork>) {
  const child = shiftwork(...call);
  return { code: await child.ended, text: child.lines.join('\n'), last: child.lines.at(-1) ?? '' };
}

/** The queues' own PostgreSQL, or one beside their Redis. */
async function withDatabase(
  trial: Trial,
  act: (pool: Pool, env: Readonly<Record<string, string>>) => Promise<string[]>,
): Promise<string[]> {
  const server = trial.engine.kind === 'postgres' ? undefined : await startPostgres();
  const url = server?.url ?? trial.engine.url;
  const pool = new Pool({ connectionString: url });
  pool.on('error', () => undefined);
  try {
    await migrateOutbox(pool, trial.namespace);
    return await act(pool, { DATABASE_URL: url });
  } finally {
    await pool.end();
    await server?.stop();
  }
}

const discarded: FaultCase = {
  number: 45,
  title: 'a poison job of the outbox is discarded while hosts run, then reconcile: it does not come back',
  engines: BOTH,
  // Queues and outbox are apart there: the harder form.
  smokeOn: ['redis'],
  run: trial =>
    withDatabase(trial, async (pool, env) => {
      const outbox = new Outbox({ namespace: trial.namespace });
      const fleet = await trial.readyFleet(env, APP);
      const relay = shiftwork(trial, ['relay', '--app', APP], env);
      try {
        const wrong: string[] = [];
        const { id: later } = await inTransaction(pool, tx => outbox.enqueue(tx, fragile, { n: 1 }, { delay: '1h' }));
        const guilty: string[] = [];
        for (let n = 0; n < trial.scale; n += 1) {
          guilty.push((await inTransaction(pool, tx => outbox.enqueue(tx, deadly, { n }))).id);
        }
        const buried = () => guilty.every(id => fleet.facts('job.dead').some(({ jobId }) => jobId === id));
        await waitFor('their burial', buried, PATIENCE_MS);
        // Nobody else has ended them: the supervisor's process records it.
        const unfinished = async () => (await readOutboxStatus(pool, trial.namespace)).unfinished;
        await waitFor('their ends to be recorded', async () => (await unfinished()) === 1);
        const runs = trial.sink().length;
        // Somewhere without the outbox, on Redis: what the supervisor has recorded is all that is known.
        const discard = await ran(trial, ['dead-letters', 'discard', ...guilty, '--reason', 'poison', '--app', APP]);
        if (discard.code !== 0) wrong.push(`discard ended with ${discard.code}: ${discard.text}`);
        const { code, last } = await ran(trial, ['outbox', 'reconcile', '--json'], env);
        const expected = JSON.stringify({ checked: 1, ended: 0, alive: 1, again: 0 });
        if (code !== 0 || last !== expected) wrong.push(`reconcile ended with ${code} and ${last}, not ${expected}`);
        await waitFor('the outbox to drain', async () => (await readOutboxStatus(pool, trial.namespace)).pending === 0);
        const queue = await trial.inspector.queue('letters');
        for (const id of guilty) {
          if ((await queue.getJob(id)) === undefined) continue;
          trial.measured.twice += 1;
          wrong.push(`W: ${id} was discarded and is there again`);
        }
        if ((await queue.getJob(later)) === undefined) wrong.push(`L: ${later} is lost`);
        if (trial.sink().length !== runs) wrong.push('W: a job that was discarded ran again');
        trial.measured.jobs = guilty.length + 1;
        return wrong;
      } finally {
        relay.kill('SIGKILL');
        await relay.ended;
      }
    }),
};

const replayKilled: FaultCase = {
  number: 46,
  title: 'a replay by cause is killed in the middle, again and again, and run once more',
  engines: BOTH,
  // A replay is tested on each.
  smokeOn: ['postgres'],
  async run(trial) {
    const [count, kills] = trial.scale === 1 ? [300, 2] : [200 * trial.scale, trial.scale];
    writeFileSync(brokenMark(trial.sinkFile), '');
    await trial.readyFleet(ONE, APP);
    const receipts = await trial.client.enqueueMany(Array.from({ length: count }, (_, n) => fragile({ n })));
    const queue = await trial.inspector.queue('letters');
    await waitFor('all to be dead', async () => (await queue.getFailedCount()) === count, PATIENCE_MS);
    rmSync(brokenMark(trial.sinkFile));
    const groups = await ran(trial, ['dead-letters', 'groups', '--json', '--app', APP]);
    const [{ fingerprint, count: counted }] = JSON.parse(groups.last) as [{ fingerprint: string; count: number }];
    const wrong = counted === count ? [] : [`R: the cause tells of ${counted} letters, there are ${count}`];
    const replay = ['dead-letters', 'replay', '--cause', fingerprint, '--yes', '--app', APP];
    for (let kill = 0; kill < kills; kill += 1) {
      const enough = trial.sink().length + trial.between(2, 20);
      // So fast that about every other kill meets one in the middle of a letter; slow enough not to be done by then.
      const child = shiftwork(trial, [...replay, '--per-second', '150']);
      await waitFor('it to replay', () => trial.sink().length >= enough, PATIENCE_MS);
      child.kill('SIGKILL');
      await child.ended;
    }
    if ((await queue.getFailedCount()) === 0) wrong.push('it was killed when all was done');
    const { code, text } = await ran(trial, [...replay, '--per-second', '10000']);
    if (code !== 0) wrong.push(`the last replay ended with ${code}: ${text}`);
    await trial.drained('letters');
    const left = await queue.getFailedCount();
    if (left > 0) wrong.push(`L: ${left} were skipped: ${text}`);
    for (const { id } of receipts) {
      // One run that failed, and one that did not.
      const runs = trial.startsOf(id).length;
      if (runs < 2) trial.measured.lost += 1;
      if (runs > 2) trial.measured.twice += 1;
      if (runs !== 2) wrong.push(`${runs < 2 ? 'L' : 'D'}: ${id} ran ${runs} times`);
    }
    trial.measured.jobs = count;
    return wrong;
  },
};

const queueGone: FaultCase = {
  number: 47,
  title: 'a release takes a queue away, then the last host of the old one is lost in the middle of a job of it',
  engines: BOTH,
  // Case 2 loses a host on Redis; queues that no contract names are tested on each.
  smokeOn: ['postgres'],
  seedsAtMost: 3,
  async run(trial) {
    const next = { LETTERS_RELEASE: 'next' };
    const old = await trial.readyFleet(ONE, APP);
    const { id } = await trial.client.enqueue(leaving, { ms: 3_000_000 });
    const { id: waits } = await trial.client.enqueue(leaving, { ms: 0 }, { delay: '1h' });
    await waitFor('it to run', () => trial.startsOf(id).length === 1);
    const host = await trial.readyFleet({ ...ONE, ...next }, APP);
    const killedAt = Date.now();
    old.killHost();
    const rescued = () => host.facts('job.rescued').some(({ jobId }) => jobId === id);
    await waitFor('the other host to hand it back', rescued, PATIENCE_MS);
    trial.measured.recoveries.push(Date.now() - killedAt);
    const wrong: string[] = [];
    const queue = await trial.inspector.queue('leaving');
    const state = await (await queue.getJob(id))?.getState();
    if (state !== 'waiting' && state !== 'prioritized') wrong.push(`R: it is ${state}`);
    const check = await ran(trial, ['check', '--app', APP], next);
    if (!check.text.includes('none for "leaving"')) wrong.push(`check ended with ${check.code}: ${check.text}`);
    const { last } = await ran(trial, ['queues', '--json', '--app', APP], next);
    const found = (JSON.parse(last) as Record<string, unknown>[]).find(({ name }) => name === 'leaving');
    if (found?.['named'] !== false || found['waiting'] !== 1 || found['delayed'] !== 1) {
      wrong.push(`queues says of it ${JSON.stringify(found)}`);
    }
    if (host.facts('queue.unnamed').length === 0) wrong.push('the host that goes on did not state it');
    // The old release again: it is there, its attempts untouched.
    await trial.readyFleet(ONE, APP);
    await waitFor('it to run again', () => trial.startsOf(id).length === 2, PATIENCE_MS);
    const [, again] = trial.startsOf(id);
    if (again?.attempt !== 1) wrong.push(`A: it ran as attempt ${again?.attempt}`);
    if ((await queue.getJob(waits)) === undefined) wrong.push(`L: ${waits} is lost`);
    trial.measured.jobs = 2;
    return wrong;
  },
};

/** What becomes of jobs beside their handlers: discarded, replayed, left behind by a release. */
export const letterFaults: readonly FaultCase[] = [discarded, replayKilled, queueGone];
