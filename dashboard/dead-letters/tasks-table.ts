import { isTaskOver, type LetterTask } from '../../src/dead-letters/index.ts';
import { html, type Html } from '../pages/html.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';

/** Of those that are over the page shows a few: what people did stands on /audit. */
const OVER_SHOWN = 3;

export function hasRunning(tasks: readonly LetterTask[]): boolean {
  return tasks.some(({ state }) => state === 'running');
}

/** What is replayed and discarded in the background, and how far it is. */
export function tasksTable(
  base: string,
  { role }: { readonly role: Role },
  tasks: readonly LetterTask[],
): Html | undefined {
  const over = tasks.filter(({ state }) => isTaskOver(state)).slice(0, OVER_SHOWN);
  const shown = [...tasks.filter(({ state }) => !isTaskOver(state)), ...over];
  if (shown.length === 0) return undefined;
  return html`<h2>In the background</h2>
    ${table({
      label: 'In the background',
      texts: true,
      columns: ['What', 'State', 'Progress', 'By', html`<span class="quiet">Act</span>`],
      rows: shown.map(task => row(base, role, task)),
    })}
    <h2>Causes</h2>`;
}

function row(base: string, role: Role, task: LetterTask): Html {
  const { what, fingerprint, state, total, done, skipped, why, by, startedAt, perSecond } = task;
  return html`<tr>
    <th scope="row">
      <a href="${base}/dead-letters?cause=${encodeURIComponent(fingerprint)}">${what} a cause</a
      ><small>${what === 'replay' ? `${perSecond} a second at most` : ''}</small>
    </th>
    <td class="${state === 'failed' ? 'bad' : ''}">${state}</td>
    <td>
      <progress
        max="${Math.max(1, total)}"
        value="${Math.min(total, done + skipped)}"
        aria-label="${what} a cause"
      ></progress>
      ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}
      ${skipped > 0 || why !== undefined ? html`<small>${skipped} skipped: ${why}</small>` : undefined}
    </td>
    <td>${by}<small>${time(startedAt)}</small></td>
    <td>${mayAct(role, 'operator') && !isTaskOver(state) ? acts(base, role, task) : undefined}</td>
  </tr>`;
}

function acts(base: string, role: Role, { id, state, what }: LetterTask): Html {
  const button = (verb: string, label: string): Html =>
    html`<button
      class="quiet"
      hidden
      data-act="${base}/dead-letters/tasks"
      data-what="${JSON.stringify({ id, do: verb })}"
      data-direct="yes"
    >
      ${label}
    </button>`;
  const mayGoOn = mayAct(role, what === 'discard' ? 'admin' : 'operator');
  return html`<div class="acts" data-acts>
    ${state === 'paused' ? (mayGoOn ? button('resume', 'Go on') : undefined) : button('pause', 'Pause')}
    ${button('stop', 'Stop')}
    <output aria-live="polite"></output>
  </div>`;
}
