import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The language of the board in which our words stand. */
export const BOARD_LANGUAGE = 'en-US';

/** Bull Board's words by their place in its file, for which this dashboard has others. A test compares the places with the installed board. */
export const OTHER_WORDS: Readonly<Record<string, string>> = {
  'DASHBOARD.SORTING.FAILED': 'Dead Jobs',
  'DASHBOARD.SORTING.ACTIVE': 'Running Jobs',
  'DASHBOARD.SORTING.COMPLETED': 'Succeeded Jobs',
  'JOB.FAILED_AT': 'Died at',
  'JOB.FLOW.FAILED': '{{n}} dead',
  'QUEUE.STATUS.ACTIVE': 'Running',
  // Every job of ours has a priority, so what waits waits here; without one are jobs of other programs alone.
  'QUEUE.STATUS.PRIORITIZED': 'Waiting',
  'QUEUE.STATUS.WAITING': 'Waiting, without priority',
  'QUEUE.STATUS.WAITING-CHILDREN': 'Waiting for children',
  'QUEUE.STATUS.PAUSED': 'Waiting, paused',
  'QUEUE.STATUS.COMPLETED': 'Succeeded',
  'QUEUE.STATUS.FAILED': 'Dead',
  'METRICS.COMPLETED': 'Succeeded',
  'METRICS.FAILED': 'Dead',
  'METRICS.COMPLETED_PER_MIN': 'Succeeded / min',
  'METRICS.FAILED_PER_MIN': 'Dead / min',
  'METRICS.WINDOW_COMPLETED': 'Succeeded (last {{minutes}} min)',
};

/** The words of the installed board, with ours in place of some. `files`: the folder of its static files. */
export function boardWords(files: string): object {
  const words: unknown = JSON.parse(readFileSync(join(files, 'locales', BOARD_LANGUAGE, 'messages.json'), 'utf8'));
  if (typeof words !== 'object' || words === null) throw new Error('Expected the words of Bull Board to be an object.');
  for (const [place, word] of Object.entries(OTHER_WORDS)) put(words, place.split('.'), word);
  return words;
}

/** Where an installed board has no such place it stays without. */
function put(words: object, [first = '', ...rest]: readonly string[], word: string): void {
  if (!Object.hasOwn(words, first)) return;
  const inner: unknown = Reflect.get(words, first);
  if (rest.length === 0) Reflect.set(words, first, word);
  else if (typeof inner === 'object' && inner !== null) put(inner, rest, word);
}
