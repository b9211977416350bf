import type { FindState } from '../../src/queue/index.ts';
import { html, type Html } from '../pages/html.ts';
import { addressOf, type AskedJobs } from './asked-jobs.ts';

/** How many jobs there are now of each state that is counted. */
export type StateCounts = Readonly<Partial<Record<FindState, number>>>;

export interface StateLinksOptions {
  readonly base: string;
  readonly asked: AskedJobs;
  /** It holds what stands in no address. */
  readonly sensitive: boolean;
  readonly counts?: StateCounts | undefined;
}

const SHOWN: readonly FindState[] = [
  'waiting',
  'delayed',
  'running',
  'dead',
  'succeeded',
  'retried',
  'cancelled',
  'expired',
];
/** What narrows a search beyond a queue: the counts are not of that. */
const NARROWS: readonly (keyof AskedJobs)[] = ['id', 'tag', 'contract', 'waitsFor', 'cause', 'since', 'until'];

/** The same search in each state, one press away. */
export function stateLinks({ base, asked, sensitive, counts = {} }: StateLinksOptions): Html | undefined {
  if (sensitive) return undefined;
  const known = NARROWS.every(name => asked[name] === '') ? counts : {};
  const link = (state: FindState | undefined, word: string, count?: number): Html => {
    const href = addressOf(base, { ...asked, cursor: '', state: state ?? '' });
    const text = html`${word}${count === undefined ? undefined : html` <b>${count.toLocaleString('en-US')}</b>`}`;
    return asked.state === (state ?? '')
      ? html`<a href="${href}" aria-current="true">${text}</a>`
      : html`<a href="${href}">${text}</a>`;
  };
  return html`<nav class="ranges" aria-label="States">
    ${link(undefined, 'all')}${SHOWN.map(state => link(state, state, known[state]))}
  </nav>`;
}
