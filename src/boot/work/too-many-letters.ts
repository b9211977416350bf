import type { SendAlert } from '../../standing/index.ts';

interface LetterAlert {
  readonly count: number;
  readonly threshold: number;
}

/** Tells that there are too many dead letters: DEAD_LETTER_ALERT of them, then each time their number has doubled. */
export function tooManyLetters(send: SendAlert, now: () => number): (alert: LetterAlert) => Promise<void> {
  return ({ count, threshold }) =>
    send({
      event: count >= 2 * threshold ? 'grew' : 'started',
      kind: 'dead letters',
      about: 'all',
      text: `There are ${count.toLocaleString('en-US')} dead letters, more than the ${threshold.toLocaleString('en-US')} of DEAD_LETTER_ALERT.`,
      needsYou: true,
      size: count,
      since: now(),
      path: '/dead-letters',
    });
}
