import type { Fleet } from '../../src/runtime/index.ts';
import { unfinishedIn, type QueueFigures } from '../../src/queue/index.ts';
import { age } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';

export interface WorkersPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']>;
  readonly fleet: Fleet;
  /** Queues that no contract names. */
  readonly unnamed?: readonly QueueFigures[];
  readonly now?: number;
}

const REFRESH_SECONDS = 5;

/** Which hosts work, and which destinations are paused. */
export function workersPage({ base, viewer, fleet, unnamed = [], now = Date.now() }: WorkersPageOptions): string {
  const { hosts, paused } = fleet;
  const body = html`<h1>Workers</h1>
    ${hosts.length === 0 ? html`<p class="problem" role="alert">No worker host is alive.</p>` : hostTable(fleet, now)}
    <h2>Paused destinations</h2>
    ${paused.length === 0 ? html`<p class="notice">None: every destination answers.</p>` : pausedTable(fleet, now)}
    ${unnamedTable(unnamed)}
    <p class="foot" data-age>
      Renewed every ${REFRESH_SECONDS} seconds. A host that is lost leaves this page after 8.
    </p>`;
  return page({ base, at: '/workers', title: 'Workers', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function unnamedTable(unnamed: readonly QueueFigures[]): Html | undefined {
  const left = unnamed.filter(queue => unfinishedIn(queue) + queue.dead > 0);
  if (left.length === 0) return undefined;
  return html`<h2>Queues that no contract names</h2>
    <p class="problem" role="alert">Nobody runs what waits there: a release may have left it behind.</p>
    ${table({
      label: 'Queues that no contract names',
      columns: ['Queue', 'Waiting', 'Delayed', 'Running', 'Dead'],
      rows: left.map(
        ({ name, waiting, delayed, running, dead }) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${waiting}</td>
            <td>${delayed}</td>
            <td>${running}</td>
            <td>${dead}</td>
          </tr>`,
      ),
    })}`;
}

function hostTable({ hosts }: Fleet, now: number): Html {
  return table({
    label: 'Hosts',
    columns: ['Host', 'Supervisor', 'Processes', 'Up for', 'Queues'],
    rows: hosts.map(
      ({ host, pid, processes, startedAt, queues }) =>
        html`<tr>
          <th scope="row">${host}</th>
          <td>${pid}</td>
          <td>${processes}</td>
          <td>${age(Math.max(0, now - startedAt))}</td>
          <td>${queues.join(', ')}</td>
        </tr>`,
    ),
  });
}

function pausedTable({ paused }: Fleet, now: number): Html {
  return table({
    label: 'Paused destinations',
    columns: ['Queue and destination', 'State', 'Next try', 'Failed probes'],
    rows: paused.map(
      ({ key, phase, until, openings }) =>
        html`<tr>
          <th scope="row">${key}</th>
          <td class="${phase === 'open' ? 'bad' : 'warn'}">
            ${phase === 'open' ? 'paused' : phase === 'probing' ? 'finding out' : 'has asked for a pause'}
          </td>
          <td>${until > now ? `in ${age(until - now)}` : 'now'}</td>
          <td>${Math.max(0, openings - 1)}</td>
        </tr>`,
    ),
  });
}
