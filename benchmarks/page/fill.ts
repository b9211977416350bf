import { AuditLog } from '../../src/audit/index.ts';
import { CauseCounter } from '../../src/dead-letters/causes/cause-counter.ts';
import { fingerprintOf } from '../../src/dead-letters/fingerprint.ts';
import type { Engine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import type { JournalStore } from '../../src/journal/index.ts';
import { Counting } from '../../src/journal/record/contract-counts.ts';
import { writeFrame, type GatheredRun } from '../../src/journal/record/frame.ts';
import type { QueueDepth } from '../../src/journal/stores/journal-store.ts';
import { clientOn } from '../../src/queue/index.ts';
import { jobIdOf } from '../../src/queue/ids/job-id.ts';
import { tagDigest } from '../../src/queue/find/job-tags.ts';
import { openState, secretsOf } from '../../src/state/index.ts';
import { seedLetters } from '../../tests/support/seed-letters.ts';
import { app, CONTRACTS, QUEUES } from './app.ts';
import { BulkJournal } from './bulk-journal.ts';

/** How much there is to look through. */
export interface Amounts {
  /** Runs in the journal, over the last day. */
  readonly runs: number;
  /** Dead letters, of `CAUSES` causes. */
  readonly letters: number;
  /** Jobs that wait, with their tags. */
  readonly waiting: number;
  readonly schedules: number;
  readonly actions: number;
  readonly hosts: number;
}

/** What the questions are about. */
export interface Filled {
  readonly jobId: string;
  readonly waitingId: string;
  readonly user: string;
  readonly order: string;
  readonly cause: string;
  /** A quarter of an hour some hours ago. */
  readonly slowAt: number;
}

const CAUSES = 200;
const DAY = 86_400_000;
const MINUTE = 60_000;
/** What a host hands over at a time. */
const RUNS_A_WRITE = 100;
const WRITES_AT_ONCE = 8;
const USERS = 50_000;
const WORDS = ['refused', 'timed out', 'not found', 'too large', 'unreadable', 'locked', 'unknown', 'out of stock'];

/** What one of the causes says: without digits, which a fingerprint leaves out. */
function reasonOf(cause: number): string {
  const letters = String.fromCharCode(97 + (cause % 25), 97 + Math.floor(cause / 25));
  return `the ${letters}-service answered: ${WORDS[cause % WORDS.length]}`;
}

/** Two contracts of each queue have two causes each. */
function causeOf(queue: number, index: number): { readonly name: string; readonly reason: string } {
  const name = CONTRACTS[queue * 2 + (index % 2)]?.name ?? '';
  return { name, reason: reasonOf((queue * 4 + (index % 4)) % CAUSES) };
}

const fingerprints = new Map<string, string>();

function fingerprint(queue: number, index: number): string {
  const { name, reason } = causeOf(queue, index);
  const known = fingerprints.get(`${name} ${reason}`);
  if (known !== undefined) return known;
  const made = fingerprintOf({ jobName: name, error: 'Error', message: reason });
  fingerprints.set(`${name} ${reason}`, made);
  return made;
}

/** Fills an engine through the doors that workers and people write by; `say` is told how far it is. */
export async function fill(
  place: { readonly url: string; readonly namespace: string },
  engine: Engine,
  journal: Pick<JournalStore, 'append'> | BulkJournal,
  amounts: Amounts,
  say: (text: string) => void,
): Promise<Filled> {
  const now = engine.clock.now();
  const last = await fillJournal(engine, journal, amounts.runs, now, say);
  await fillLetters(place, engine, amounts.letters, say);
  const waitingId = await fillWaiting(engine, amounts, say);
  await fillPeople(engine, amounts, now, say);
  return { ...last, waitingId, slowAt: now - 5 * 3_600_000 };
}

async function fillJournal(
  engine: Engine,
  journal: Pick<JournalStore, 'append'> | BulkJournal,
  count: number,
  now: number,
  say: (text: string) => void,
): Promise<Pick<Filled, 'jobId' | 'user' | 'order' | 'cause'>> {
  const { present } = await secretsOf(engine).load();
  const digestOf = (name: string, value: string): string => tagDigest(present, { name, value });
  const users = Array.from({ length: USERS }, (_, user) => digestOf('user', `u-${user}`));
  const begun = now - DAY;
  const asked = { jobId: '', user: '', order: '', cause: fingerprint(0, 0) };
  const recorders = ['a', 'b', 'c', 'd'].map(host => ({ worker: `${host}/1`, host, release: 'r-41' }));
  const counting = new Counting();
  if (journal instanceof BulkJournal) await journal.begin(begun, now);
  let minute = Math.floor(begun / MINUTE);
  let writing: Promise<unknown>[] = [];
  for (let from = 0; from < count; from += RUNS_A_WRITE) {
    const frames: Record<'failed' | 'succeeded', GatheredRun[]> = { failed: [], succeeded: [] };
    let at = begun;
    for (let n = from; n < Math.min(count, from + RUNS_A_WRITE); n += 1) {
      at = begun + Math.floor((n / count) * (DAY - MINUTE));
      const contract = CONTRACTS[(n * 37 + Math.floor(n / 100)) % CONTRACTS.length] ?? CONTRACTS[0];
      if (contract === undefined) throw new Error('A contract is missing.');
      const { name: jobName, queue } = contract;
      const jobId = jobIdOf(queue, at.toString(36).padStart(9, '0') + n.toString(36).padStart(11, '0'));
      const order = `o-${n}`;
      const outcome = n % 100 < 97 ? 'succeeded' : n % 100 < 98 ? 'retried' : 'dead';
      const [queueAt, waitedMs, ranMs] = [QUEUES.indexOf(queue), (n * 7919) % 4_000, 5 + ((n * 104_729) % 900)];
      const parity = CONTRACTS.indexOf(contract) % 2;
      const { reason } = causeOf(queueAt, parity + 2 * (Math.floor(n / 1_000) % 2));
      const failure = {
        error: 'Error',
        message: reason,
        cause: fingerprint(queueAt, parity + 2 * (Math.floor(n / 1_000) % 2)),
      };
      const run: GatheredRun = {
        jobId,
        jobName,
        queue,
        outcome,
        endedAt: at,
        waitedMs,
        ranMs,
        attempt: 1,
        correlationId: jobId,
        traceId: jobId.slice(-10).padStart(32, '0'),
        tags: [
          { name: 'user', digest: users[n % USERS] ?? '' },
          { name: 'order', digest: digestOf('order', order), value: order },
        ],
        ...(outcome !== 'succeeded' && failure),
      };
      counting.count(run, outcome, waitedMs, ranMs, true);
      frames[outcome === 'succeeded' ? 'succeeded' : 'failed'].push(run);
      if (n === Math.floor(count / 2)) Object.assign(asked, { jobId, user: `u-${n % USERS}`, order });
    }
    const recorder = recorders[(from / RUNS_A_WRITE) % recorders.length];
    if (recorder === undefined) throw new Error('A host is missing.');
    const written = (['failed', 'succeeded'] as const).flatMap(of =>
      frames[of].length === 0 ? [] : [{ of, ...writeFrame(recorder, frames[of]) }],
    );
    const isNext = Math.floor(at / MINUTE) > minute;
    if (isNext) minute = Math.floor(at / MINUTE);
    writing.push(
      journal.append({
        now: at,
        writer: recorder.worker,
        frames: written,
        counts: isNext ? counting.take() : [],
        marks: isNext && minute % 30 === 0 ? [{ kind: 'deploy', at, text: `release r-${minute % 100} started` }] : [],
        depths: isNext ? QUEUES.map(queue => depthOf(queue, minute)) : [],
      }),
    );
    if (writing.length >= WRITES_AT_ONCE) {
      await Promise.all(writing);
      writing = [];
    }
    if (from % (count / 10) === 0) say(`runs ${from} of ${count}`);
  }
  await Promise.all(writing);
  if (journal instanceof BulkJournal) await journal.end();
  return asked;
}

function depthOf(queue: string, minute: number): QueueDepth {
  return { at: minute * MINUTE, queue, unfinished: 10 + (minute % 7), waiting: 5, held: 0, oldestDueMs: undefined };
}

async function fillLetters(
  place: { readonly url: string; readonly namespace: string },
  engine: Engine,
  count: number,
  say: (text: string) => void,
): Promise<void> {
  const counter = await CauseCounter.open(app, engine);
  for (const [at, queue] of QUEUES.entries()) {
    await engine.queue(queue);
    await seedLetters(place, queue, count / QUEUES.length, index => ({
      ...causeOf(at, index),
      data: JSON.stringify({ userId: `u-${index}`, orderId: `o-${index}` }),
    }));
    await counter.compare(queue);
    if (at % 10 === 0) say(`dead letters ${(at * count) / QUEUES.length} of ${count}`);
  }
}

async function fillWaiting(engine: Engine, { waiting, schedules }: Amounts, say: (text: string) => void) {
  const client = clientOn(engine, new Facts(), undefined, undefined, app);
  let waitingId = '';
  for (let from = 0; from < waiting; from += 2_000) {
    const jobs = Array.from({ length: Math.min(2_000, waiting - from) }, (_, n) =>
      (CONTRACTS[(from + n) % CONTRACTS.length] ?? CONTRACTS[0])?.({ userId: `u-${n}`, orderId: `w-${from + n}` }),
    ).filter(job => job !== undefined);
    const [receipt] = await client.enqueueMany(jobs);
    waitingId = receipt?.id ?? waitingId;
  }
  say(`jobs that wait ${waiting}`);
  const [contract] = CONTRACTS;
  if (contract === undefined) throw new Error('A contract is missing.');
  await client.schedules.upsertMany(
    Array.from({ length: schedules }, (_, n) => ({
      name: `digest:${n}`,
      job: contract({ userId: `u-${n}`, orderId: `o-${n}` }),
      cron: `${n % 60} 3 * * *`,
    })),
  );
  say(`schedules ${schedules}`);
  return waitingId;
}

async function fillPeople(
  engine: Engine,
  { actions, hosts }: Amounts,
  now: number,
  say: (text: string) => void,
): Promise<void> {
  const state = await openState(engine);
  for (let host = 0; host < hosts; host += 1) {
    const workers = Array.from({ length: 4 }, (_, n) => ({
      name: `host-${host}/${n}`,
      pid: n,
      startedAt: now - DAY,
      running: 3,
      slots: 20,
      memoryMb: 140,
      lagMs: 2,
      quiet: false,
      answers: true,
    }));
    const about = { host: `host-${host}`, pid: host, startedAt: now - DAY, processes: 4, queues: QUEUES, clockMs: 1 };
    await state.set('presence', `host-${host}`, { ...about, release: 'r-41', workers }, DAY);
  }
  const log = new AuditLog(engine, error => {
    throw error;
  });
  for (let n = 0; n < actions; n += 1) {
    log.write({
      user: 'ada',
      role: 'operator',
      method: 'POST',
      path: '/dead-letters/replay',
      status: 200,
      outcome: 'done',
      client: '127.0.0.1',
      detail: { what: 'replay dead letters', on: `cause ${n}`, matched: 3, done: 3 },
    });
    if (n % 500 === 499) await log.close();
  }
  await log.close();
  say(`actions of people ${actions}`);
}
