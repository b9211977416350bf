import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../contracts/index.ts';
import type { TakenJob } from '../../engine/index.ts';
import { withMarks } from '../../queue/index.ts';
import { admit } from './admit.ts';
import { NOW, oneRun, takenJob } from './one-run.contract-suite.ts';

const MINUTE = 60_000;
const brief = defineJob({ queue: 'email', name: 'greet', version: 2, schema: z.unknown(), expiresAfter: '1m' });
const ofVersion = (version: number) => ({ telemetry: { metadata: `{"v":${version}}` } });

const seen = defineJob({
  queue: 'email',
  name: 'greet',
  version: 2,
  schema: z.strictObject({ id: z.string().max(1) }),
  chunk: { maxItems: 4, maxWait: 0 },
});

describe('admit', () => {
  const admitted = (job: Parameters<typeof takenJob>[0]) => admit(oneRun({ job: takenJob(job) }).run);

  test('lets a job through with its data', async () => {
    expect(await admitted({})).toMatchObject({ kind: 'admitted', data: { to: 'ada' } });
  });

  test('ends what cannot be read, also where its name was lost as well', async () => {
    const { kind: _sound, data: _data, ...held } = takenJob({ name: '' });
    const job: TakenJob = { ...held, kind: 'broken', data: {}, complaint: 'the stored data is not JSON' };
    expect(await admit(oneRun({ job }).run)).toMatchObject({ kind: 'dead', reason: 'undecodable' });
  });

  test('ends data that fits no known version', async () => {
    expect(await admitted({ data: { to: 7 } })).toMatchObject({
      kind: 'dead',
      reason: 'undecodable',
      error: { code: 'JOB_UNDECODABLE' },
    });
  });

  test('lets the items of a chunk through that can be read, and says which could not', async () => {
    const items = (...ids: string[]) => ({ data: { items: ids.map(id => ({ id })) } });
    const admittedChunk = (...ids: string[]) => admit(oneRun({ contract: seen, job: takenJob(items(...ids)) }).run);
    const read = { items: [{ id: 'a' }, { id: 'b' }] };
    expect(await admittedChunk('a', 'too long', 'b')).toMatchObject({
      kind: 'admitted',
      data: read,
      readable: { data: read, places: [0, 2], broken: [{ item: 1, reason: 'undecodable' }] },
    });
    expect(await admittedChunk('a', 'b')).toEqual({ kind: 'admitted', assignment: expect.anything(), data: read });
    expect(await admittedChunk('too long')).toMatchObject({ kind: 'dead', reason: 'undecodable' });
  });

  test('begins nothing that was cancelled, whether this release knows it or not', async () => {
    const progress = withMarks(0, { cancel: { reason: 'they moved', by: 'ann' } });
    for (const name of ['greet', 'from-tomorrow']) {
      expect(await admitted({ name, progress })).toEqual({ kind: 'cancelled', reason: 'they moved', begun: false });
    }
  });

  test.each([
    ['the name', { name: 'from-tomorrow' }],
    ['version 3', { opts: ofVersion(3) }],
  ])('puts off a job of which it does not know %s, without an attempt and with an alarm', async (what, job) => {
    const found = await admitted(job);
    expect(found).toMatchObject({ kind: 'snoozed', untilMs: NOW + 30_000, alarm: true });
    expect(found).toMatchObject({ reason: `this release does not know ${what}` });
    // The hour begins once, and goes on with the next look.
    const { note } = found as { readonly note: unknown };
    const later = oneRun({ job: takenJob({ ...job, progress: note }), at: { clock: { at: () => NOW + 59 * MINUTE } } });
    expect(await admit(later.run)).toMatchObject({ kind: 'snoozed' });
    const over = oneRun({ job: takenJob({ ...job, progress: note }), at: { clock: { at: () => NOW + 60 * MINUTE } } });
    expect(await admit(over.run)).toMatchObject({ kind: 'dead', reason: 'unknown-contract' });
  });

  test('forgets that a job has waited for a release once one has taken it, and keeps what it said of its progress', async () => {
    const marked = (progress: unknown) => withMarks(progress, { waitingForRelease: 'the name', since: NOW - MINUTE });
    const waited = oneRun({ job: takenJob({ progress: marked(undefined) }) });
    expect(await admit(waited.run)).toMatchObject({ kind: 'admitted' });
    expect(waited.cleared).toEqual([['email-1', 0]]);
    const halfway = oneRun({ job: takenJob({ progress: marked({ done: 5 }) }) });
    await admit(halfway.run);
    expect(halfway.cleared).toEqual([['email-1', { done: 5 }]]);
  });

  test.each([
    [MINUTE, false, 'admitted'],
    [MINUTE + 1, false, 'dead'],
    [MINUTE + 1, true, 'admitted'],
  ])(
    'of a job that is %i ms old and expires after a minute, with a clock that is doubted (%s): %s',
    async (age, doubted, kind) => {
      const { run } = oneRun({
        contract: brief,
        job: takenJob({ timestamp: NOW - age }),
        at: { clockDoubted: () => doubted },
      });
      expect(await admit(run)).toMatchObject({ kind });
    },
  );
});
