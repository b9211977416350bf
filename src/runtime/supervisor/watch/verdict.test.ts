import { describe, expect, test } from 'vitest';
import { judge, type Evidence } from './verdict.ts';

const silence: Evidence = { forMs: 20_000, ranMs: 0, waitedMs: 0, state: 'S', answers: true, loopMs: 15_000 };

describe('the verdict on a silent worker', () => {
  test.each<[what: string, evidence: Partial<Evidence>, verdict: string]>([
    ['a loop', { ranMs: 19_900, state: 'R' }, 'guilty'],
    ['a loop on a busy machine', { ranMs: 10_000, waitedMs: 10_000, state: 'R' }, 'guilty'],
    ['a loop that gets an eighth of a processor', { ranMs: 2_500, waitedMs: 17_500, state: 'R' }, 'starved'],
    ['the same much later', { forMs: 120_000, ranMs: 15_000, waitedMs: 105_000, state: 'R' }, 'guilty'],
    ['a call that blocks', {}, 'guilty'],
    ['a stopped process', { state: 'T', answers: false }, 'innocent'],
    ['a traced one', { state: 't', answers: false }, 'innocent'],
    ['a frozen one, which looks as if it slept', { answers: false }, 'innocent'],
    ['one that waits for its memory', { ranMs: 300, state: 'D', answers: false }, 'innocent'],
    ['one that answers where the system says nothing', { ranMs: undefined, state: '' }, 'guilty'],
    ['one that does not answer there', { ranMs: undefined, state: '', answers: false }, 'innocent'],
  ])('%s', (_what, evidence, verdict) => {
    expect(judge({ ...silence, ...evidence })).toBe(verdict);
  });
});
