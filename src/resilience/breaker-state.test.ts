import { describe, expect, test } from 'vitest';
import {
  afterFailure,
  afterSuccess,
  BREAKER_DEFAULTS,
  CLOSED,
  mayCall,
  openingsOf,
  type BreakerPolicy,
  type BreakerState,
} from './breaker-state.ts';

const policy: BreakerPolicy = { failures: 3, withinMs: 1_000, pauseMs: 100, maxPauseMs: 300, probes: 2 };
const at = (ms: number, tookMs = 0) => ({ beganAt: ms - tookMs, endedAt: ms });
const fail = (state: BreakerState, ...times: number[]) =>
  times.reduce((now, time) => afterFailure(policy, now, at(time), () => 1), state);

/** Fails where it is not open. */
const untilOf = (state: BreakerState): number => {
  if (state.phase !== 'open') throw new Error(`expected an open circuit, found a ${state.phase} one`);
  return state.until;
};

describe('the circuit', () => {
  test('opens at the wanted number of failures within the window, and not at fewer or older ones', () => {
    expect(fail(CLOSED, 10, 20).phase).toBe('closed');
    expect(fail(CLOSED, 10, 20, 30)).toMatchObject({ phase: 'open', until: 130 });
    expect(fail(CLOSED, 10, 20, 1_015).phase).toBe('closed');
    expect(fail(CLOSED, 10, 20, 1_015, 1_018).phase).toBe('open');
  });

  test('while open nobody calls; afterwards one may probe', () => {
    const open = fail(CLOSED, 10, 20, 30);
    expect(mayCall(CLOSED, 0)).toBe('call');
    expect(mayCall(open, 30)).toBe(100);
    expect(mayCall(open, 129)).toBe(1);
    expect(mayCall(open, 130)).toBe('probe');
  });

  test('closes after the wanted number of probes, and then counts afresh', () => {
    const open = fail(CLOSED, 10, 20, 30);
    const once = afterSuccess(policy, open, at(140));
    expect(once).toMatchObject({ phase: 'probing', successes: 1 });
    expect(mayCall(once, 141)).toBe('probe');
    const closed = afterSuccess(policy, once, at(150));
    expect(closed).toMatchObject({ phase: 'closed', failures: [] });
    expect(openingsOf(closed)).toBe(0);
    expect(fail(closed, 160, 170).phase).toBe('closed');
  });

  test('a failed probe opens it for twice as long, up to the bound', () => {
    let state = fail(CLOSED, 10, 20, 30);
    const pauses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const now = untilOf(state);
      state = fail(state, now);
      pauses.push(untilOf(state) - now);
    }
    expect(pauses).toEqual([200, 300, 300, 300]);
  });

  test('what began before the last change says nothing about what came after it', () => {
    const open = fail(CLOSED, 10, 20, 30);
    expect(afterSuccess(policy, open, at(140, 120))).toBe(open);
    expect(afterFailure(policy, open, at(140, 120))).toBe(open);
    const closed = afterSuccess(policy, afterSuccess(policy, open, at(140)), at(150));
    expect(afterFailure(policy, closed, at(160, 20))).toBe(closed);
  });

  test('a shared clock that goes back leaves no circuit blind: it opens and closes by the time that is now', () => {
    const HOUR = 3_600_000;
    const closedThen: BreakerState = { ...CLOSED, changedAt: HOUR };
    expect(fail(closedThen, 10, 20, 30)).toMatchObject({ phase: 'open', until: 130 });
    const countedThen: BreakerState = { phase: 'closed', failures: [HOUR - 1, HOUR], changedAt: -1 };
    expect(fail(countedThen, 10)).toMatchObject({ phase: 'closed', failures: [10] });
    const openThen = fail(CLOSED, HOUR, HOUR + 1, HOUR + 2);
    expect(afterSuccess(policy, afterSuccess(policy, openThen, at(10)), at(20)).phase).toBe('closed');
    expect(fail(openThen, 10)).toMatchObject({ phase: 'open', openings: 2, until: 210 });
  });

  test('clocks that differ by a moment are not taken for one that went back', () => {
    const open = fail(CLOSED, 5_010, 5_020, 5_030);
    expect(afterFailure(policy, open, at(40))).toBe(open);
  });

  test('what is taken into account long after it ended says nothing about a phase that began meanwhile', () => {
    const late = { beganAt: 25, endedAt: 26, notedAt: 40_000 };
    const open = fail(CLOSED, 30_010, 30_020, 30_030);
    expect(afterFailure(policy, open, late)).toBe(open);
    expect(afterSuccess(policy, open, late)).toBe(open);
    const closed = afterSuccess(policy, afterSuccess(policy, open, at(30_140)), at(30_150));
    expect(afterFailure(policy, closed, late)).toBe(closed);
  });

  test('a failure that is too old when it is taken into account does not count, and forgets none that do', () => {
    const late = (endedAt: number) => ({ beganAt: endedAt - 1, endedAt, notedAt: 30_030 });
    const twice = fail(CLOSED, 30_010, 30_020);
    expect(afterFailure(policy, twice, late(26))).toEqual(twice);
    // It opens by the time that is now: others cannot have known before.
    expect(afterFailure(policy, twice, late(30_000), () => 1)).toMatchObject({ until: 30_130, changedAt: 30_030 });
  });

  test('half of the pause is jitter', () => {
    const drawn = [0, 1].map(random => {
      let state: BreakerState = CLOSED;
      for (const ms of [1, 2, 3]) state = afterFailure(policy, state, at(ms), () => random);
      return untilOf(state) - 3;
    });
    expect(drawn).toEqual([50, 100]);
  });

  test('a success in a closed circuit changes nothing, so that nothing has to be written', () => {
    const state = fail(CLOSED, 10);
    expect(afterSuccess(BREAKER_DEFAULTS, state, at(20))).toBe(state);
  });
});
