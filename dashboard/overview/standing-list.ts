import { conditionsOf, type Work } from '../../src/standing/index.ts';
import { folded, html, type Html } from '../pages/html.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { tryAct } from '../workers/try-act.ts';

/** Of what is wrong, what needs a person first: so many lines stand open where there are more than can be read at a glance. */
const LINES = 8;
const MOST_LINES = 10;

/** The line at the top, computed from the work: what is wrong, what will happen by itself, where to act. */
export function standingList(base: string, work: Work, role: Role): Html {
  const conditions = conditionsOf(work);
  const needing = conditions.filter(({ needsYou }) => needsYou).length;
  if (conditions.length === 0) {
    return html`<p class="notice">All is well: nothing has been due for a minute, and no destination is sick.</p>`;
  }
  const lines = conditions.map(
    ({ kind, needsYou, text, link, tries }) =>
      html`<li>
        <span class="badge ${needsYou ? 'bad' : 'warn'}">${kind}</span>
        <span>${text}</span>
        ${tries === undefined || !mayAct(role, 'operator') ? undefined : tryAct(base, tries)}
        <a href="${base}${link.path}">${link.label}</a>
      </li>`,
  );
  // One outage makes many queues late: the figures below it must stay in reach.
  const first = lines.length <= MOST_LINES ? lines : lines.slice(0, LINES);
  const others = lines.slice(first.length);
  return html`<section class="standing ${needing > 0 ? 'urgent' : ''}" aria-labelledby="standing">
    <h2 id="standing">${sentence(needing, conditions.length - needing)}</h2>
    <ul>
      ${first}
    </ul>
    ${
      others.length === 0
        ? undefined
        : folded(
            `${others.length} more`,
            html`<ul>
              ${others}
            </ul>`,
          )
    }
  </section>`;
}

function sentence(needing: number, others: number): string {
  if (needing === 0) return others === 1 ? 'One thing to know' : `${others} things to know`;
  const need = needing === 1 ? 'One thing needs you' : `${needing} things need you`;
  return others === 0 ? need : `${need}, ${others} to know`;
}
