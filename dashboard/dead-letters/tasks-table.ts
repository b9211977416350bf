import { filterWords, isTaskOver, type BulkAction, type BulkTask } from '../../src/bulk/index.ts';
import { html, type Html } from '../pages/html.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';

/** Of those that are over the page shows a few: what people did stands on /audit. */
const OVER_SHOWN = 3;

export function hasRunning(tasks: readonly BulkTask[]): boolean {
  return tasks.some(({ state }) => state === 'running');
}

export const BULK_VERBS: Readonly<Record<BulkAction, string>> = {
  replay: 'Replay',
  discard: 'Discard',
  cancel: 'Cancel',
  'run-now': 'Run now',
};

/** What is done to many jobs in the background, and how far it is. */
export function tasksTable(
  base: string,
  { role }: { readonly role: Role },
  tasks: readonly BulkTask[],
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
    })}`;
}

function row(base: string, role: Role, task: BulkTask): Html {
  const { what, filter, state, total, done, skipped, why, by, startedAt, perSecond } = task;
  const { cause } = filter;
  const of = cause === undefined || filter.everyKind !== true ? filterWords(filter) : 'a cause';
  const named = `${BULK_VERBS[what]}: ${of}`;
  return html`<tr>
    <th scope="row">
      ${
        cause === undefined
          ? named
          : html`<a href="${base}/dead-letters?cause=${encodeURIComponent(cause)}">${named}</a>`
      }<small>${what === 'discard' ? '' : `${perSecond} a second at most`}</small>
    </th>
    <td class="${state === 'failed' ? 'bad' : ''}">${state}</td>
    <td>
      <progress max="${Math.max(1, total)}" value="${Math.min(total, done + skipped)}" aria-label="${named}"></progress>
      ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}
      ${skipped > 0 || why !== undefined ? html`<small>${skipped} skipped: ${why}</small>` : undefined}
    </td>
    <td>${by}<small>${time(startedAt)}</small></td>
    <td>${mayAct(role, 'operator') && !isTaskOver(state) ? acts(base, role, task) : undefined}</td>
  </tr>`;
}

function acts(base: string, role: Role, { id, state, what }: BulkTask): Html {
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
