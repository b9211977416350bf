import type { CauseStanding, CauseWord } from '../../src/dead-letters/index.ts';
import { html, type Html } from '../pages/html.ts';
import { time } from '../pages/time.ts';

const KINDS: Readonly<Record<CauseStanding['state'], string>> = {
  new: 'bad',
  known: 'warn',
  ignored: 'zero',
  resolved: 'good',
};

/** How a cause stands, and who said so. */
export function stateBadge({ state, again, decision }: CauseStanding): Html {
  const who = decision && `${again === undefined ? '' : `was ${decision.says}: `}${decision.by}, ${time(decision.at)}`;
  return html`<span class="badge ${KINDS[state]}">${again ?? state}</span>${who && html`<small>${who}</small>`}`;
}

const LABELS: Readonly<Record<CauseWord | 'new', string>> = {
  known: 'Known: somebody is at it',
  resolved: 'Resolved: the next death opens it again',
  ignored: 'Ignore until it is ten times as many',
  new: 'Take that back',
};

/** What a person may say of a cause. */
export function causeActs(base: string, fingerprint: string, { state, decision }: CauseStanding): Html {
  const says: readonly (CauseWord | 'new')[] = ['known', 'resolved', 'ignored'];
  const offered = [...says.filter(word => word !== state), ...(decision === undefined ? [] : (['new'] as const))];
  return html`<div class="acts" data-acts>
    ${offered.map(
      word =>
        html`<button
          class="quiet"
          hidden
          data-act="${base}/dead-letters/cause"
          data-what="${JSON.stringify({ fingerprint, says: word })}"
          data-direct="yes"
        >
          ${LABELS[word]}
        </button>`,
    )}
    <output aria-live="polite"></output>
  </div>`;
}
