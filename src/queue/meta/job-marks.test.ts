import { describe, expect, test } from 'vitest';
import { marksOf, progressIn, withMarks, type JobMarks } from './job-marks.ts';

const cancel = { reason: 'not wanted', by: 'ops' };

describe('marks and progress in one field', () => {
  test.each<[string, unknown, JobMarks]>([
    ['a number', 40, {}],
    ['an object', { done: 3, of: 7 }, {}],
    ['a number and a cancel', 40, { cancel }],
    ['a text and a replay', 'sending', { replayedAt: 17, replayedEnd: 16 }],
    ['an object that reads as a mark', { cancel: { reason: 'x', by: 'y' } }, {}],
    ['an object that reads as a mark, and a mark', { since: 4 }, { cancel, since: 9, waitingForRelease: 'the name' }],
    ['an object that reads as marks around something', { shiftwork: 'marks', progress: 1, cancel }, {}],
    ['nothing, and a cancel', undefined, { cancel }],
    ['nothing at all', undefined, {}],
  ])('%s come back as they were', (_, said, marks) => {
    const stored: unknown = JSON.parse(JSON.stringify(withMarks(said, marks)));
    expect(progressIn(stored)).toEqual(said);
    expect(marksOf(stored)).toEqual(marks);
  });

  test('without marks the progress stands there as it is, for tools that know BullMQ alone', () => {
    expect(withMarks(40, {})).toBe(40);
    expect(withMarks({ done: 3 }, {})).toEqual({ done: 3 });
  });

  test('a mark of a release before 0.2 is read, and one that is new is read by it where it stands', () => {
    expect(marksOf({ cancel })).toEqual({ cancel });
    expect(withMarks(undefined, { cancel })).toEqual({ cancel });
    expect(withMarks(40, { cancel })).toMatchObject({ cancel });
  });

  test('what another program has noted carries no mark', () => {
    for (const noted of [
      null,
      0,
      'cancel',
      [],
      [{ cancel }],
      { cancel, percent: 3 },
      { cancel: 'now' },
      { since: 'today' },
    ]) {
      expect(marksOf(noted)).toEqual({});
    }
  });
});
