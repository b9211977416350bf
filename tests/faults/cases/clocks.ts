import { isOver } from '../../../src/queue/index.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startSteppedTime } from '../../support/stepped-time.ts';
import { waitFor } from '../../support/wait-for.ts';
import { brief } from '../app/chaos.config.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE, type Fleet, type Trial } from '../trial.ts';
import { note } from '../app/outbox.config.ts';
import { differences, withOutbox, type OutboxFixture } from './outbox.ts';
import { inTransaction } from '../../support/in-transaction.ts';

const MINUTES = 60_000;
const STEPPED = new URL('../../support/stepped-clock.ts', import.meta.url).href;

/** A machine's clock that can be set: a stand-in, see tests/support/stepped-clock.ts. */
class MachineClock {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shiftwork-clock-'));
  readonly #file = join(this.#folder, 'ahead');

  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--import=${STEPPED}`, STEPPED_CLOCK: this.#file };
  }

  set(aheadMs: number): void {
    writeFileSync(this.#file, String(aheadMs));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function withClock(run: (clock: MachineClock) => Promise<string[]>): Promise<string[]> {
  const clock = new MachineClock();
  try {
    return await run(clock);
  } finally {
    clock.remove();
  }
}

const sleeps = (ms: number) => (index: number) => ({ key: `n${index}`, does: 'sleep' as const, ms });

/** Fresh jobs that expire within a minute, one that is due soon and one that is not, while others run. */
async function worksOn(trial: Trial, act: () => Promise<void>): Promise<string[]> {
  await trial.addMany(4, sleeps(1_500));
  await waitFor('a run', () => trial.sink().length > 0);
  await act();
  const { client } = trial;
  const data = { key: 'x', does: 'sleep', ms: 1 } as const;
  const fresh = await Promise.all(Array.from({ length: 5 }, () => client.enqueue(brief, data)));
  const soon = await client.enqueue(brief, data, { delay: '1s' });
  const late = await client.enqueue(brief, data, { delay: '50s' });
  const stateOf = async (id: string) => (await client.job(id))?.state;
  const all = [...fresh, soon];
  await waitFor('the fresh jobs', async () => {
    const states = await Promise.all(all.map(({ id }) => stateOf(id)));
    return states.every(state => state !== undefined && isOver(state));
  });
  const wrong: string[] = [];
  for (const { id } of all) {
    const state = await stateOf(id);
    if (state !== 'succeeded') wrong.push(`A: a fresh job is ${state}`);
  }
  const state = await stateOf(late.id);
  if (state !== 'delayed') wrong.push(`P: a job that is due in 50 s is ${state}`);
  await client.cancel(late.id);
  return wrong;
}

async function said(fleet: Fleet, whose: string, differenceMs: number): Promise<string[]> {
  const isThat = (fact: Readonly<Record<string, unknown>>): boolean =>
    fact['whose'] === whose && Math.abs(Number(fact['differenceMs']) - differenceMs) < 5_000;
  return waitFor('the clock to be named', () => fleet.facts('clock.differs').some(isThat) && []);
}

const workerStepped: FaultCase = {
  number: 40,
  title: 'the clock of a worker host steps by 10 minutes, either way, while jobs run',
  engines: BOTH,
  // Case 44 steps a clock against Redis.
  smokeOn: ['postgres'],
  run: trial =>
    withClock(async clock => {
      const fleet = await trial.readyFleet({ ...ONE, ...clock.env });
      const wrong: string[] = [];
      for (const aheadMs of [10 * MINUTES, -10 * MINUTES]) {
        wrong.push(...(await worksOn(trial, async () => clock.set(aheadMs))));
        wrong.push(...(await said(fleet, 'host', aheadMs)));
      }
      await waitFor('the runs to end', () => trial.sink().filter(({ what }) => what === 'end').length >= 20);
      const dead = fleet.facts('job.dead').length;
      return dead === 0 ? wrong : [...wrong, `A: ${dead} jobs are dead`];
    }),
};

const schedulerStepped: FaultCase = {
  number: 41,
  title: 'the clock of the host that schedules steps by 10 minutes, either way',
  engines: BOTH,
  // The engine's clock is tested on each.
  smokeOn: ['redis'],
  run: trial =>
    withClock(async clock => {
      await trial.readyFleet({ ...ONE, ...clock.env, CHAOS_SCHEDULE: 'yes' });
      await waitFor('a slot', () => trial.slots().length > 0);
      for (const aheadMs of [10 * MINUTES, -10 * MINUTES, 0]) {
        await pause(trial.between(500, 1_500));
        clock.set(aheadMs);
        const setAt = Date.now();
        await waitFor('slots after that', () => new Set(trial.slots().filter(slot => slot > setAt)).size >= 3);
      }
      const slots = [...new Set(trial.slots())].toSorted((a, b) => a - b);
      const ahead = slots.filter(slot => slot > Date.now() + 2_000);
      const gaps = slots.filter((slot, index) => index > 0 && slot - (slots[index - 1] ?? 0) !== 1_000);
      return [
        ...ahead.map(slot => `the slot ${new Date(slot).toISOString()} ran ahead of its time`),
        ...gaps.map(slot => `slots before ${new Date(slot).toISOString()} are missing`),
      ];
    }),
};

/** What was committed is queued as old as it is, and what is to wait waits as long as it was told. */
async function sendsRightly(fixture: OutboxFixture, key: string, act: () => void): Promise<string[]> {
  const begunAt = Date.now();
  const { id: late } = await inTransaction(fixture.pool, tx =>
    fixture.outbox.enqueue(tx, note, { key: `${key} late` }, { delay: '50s' }),
  );
  fixture.committed.add(late);
  const before = new Set(fixture.committed);
  await fixture.commit(key);
  act();
  // These are committed while the clock is set, or just after.
  await fixture.commit(`${key} after`);
  await fixture.drained();
  const queue = await fixture.engine.queue('notes');
  const wrong: string[] = [];
  for (const id of [late, ...[...fixture.committed].filter(each => !before.has(each))]) {
    const job = await queue.getJob(id);
    const at = job?.timestamp ?? 0;
    const aheadMs = Math.max(begunAt - at, at - Date.now());
    if (aheadMs > MINUTES) wrong.push(`the job ${id} of "${key}" is ${aheadMs} ms younger or older than its entry`);
  }
  const due = await fixture.dueAt(late);
  const offMs = Math.abs(due - begunAt - 50_000);
  return offMs < MINUTES ? wrong : [...wrong, `the job that is to wait for 50 s is due ${offMs} ms off`];
}

const relayStepped: FaultCase = {
  number: 42,
  title: 'the clock of a relay is wrong by 10 minutes as it starts, then steps, either way, while it sends',
  engines: ['redis'],
  run: trial =>
    withClock(clock =>
      withOutbox(trial, async fixture => {
        clock.set(10 * MINUTES);
        const wrong = await sendsRightly(fixture, 'before the start', () => void fixture.relay(clock.env));
        for (const aheadMs of [-10 * MINUTES, 0, 10 * MINUTES]) {
          await pause(trial.between(0, 300));
          wrong.push(...(await sendsRightly(fixture, `at ${aheadMs} ms`, () => clock.set(aheadMs))));
        }
        return [...wrong, ...(await differences(trial, fixture))];
      }),
    ),
};

const engineStepped: FaultCase = {
  number: 44,
  title: "the engine's own clock steps by an hour, either way (TIME as it is answered; a stand-in)",
  engines: ['redis'],
  async run(trial) {
    const time = await startSteppedTime(Number(new URL(trial.engine.url).port));
    try {
      const fleet = await trial.readyFleet({ ...ONE, REDIS_URL: time.url, CHAOS_SCHEDULE: 'yes' });
      await waitFor('a slot', () => trial.slots().length > 0);
      const wrong: string[] = [];
      for (const aheadMs of [60 * MINUTES, 0, -60 * MINUTES]) {
        time.set(aheadMs);
        if (aheadMs !== 0) wrong.push(...(await said(fleet, 'engine', -aheadMs)));
        else await waitFor('the clocks to agree', () => fleet.facts('clock.agrees').length > 0);
        // Jobs of a right clock: an hour old, or not born yet, by the engine's. None of them expires.
        const { id } = await trial.client.enqueue(brief, { key: 'x', does: 'sleep', ms: 1 });
        await waitFor('a job that was just enqueued', async () => (await trial.client.job(id))?.state === 'succeeded');
        const since = Date.now();
        await waitFor('slots that go on', () => new Set(trial.slots().filter(slot => slot > since)).size >= 2);
      }
      const far = trial.slots().filter(slot => Math.abs(slot - Date.now()) > 10 * MINUTES);
      if (far.length > 0) wrong.push(`${far.length} slots of another hour ran`);
      return wrong;
    } finally {
      await time.close();
    }
  },
};

export const clockFaults: readonly FaultCase[] = [workerStepped, schedulerStepped, relayStepped, engineStepped];
