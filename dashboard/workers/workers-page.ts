import type { Fleet } from '../../src/runtime/index.ts';
import { unfinishedIn, type QueueFigures } from '../../src/queue/index.ts';
import { age } from '../overview/age.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';

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
  return page({ base, title: 'Workers', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function unnamedTable(unnamed: readonly QueueFigures[]): Html | undefined {
  const left = unnamed.filter(queue => unfinishedIn(queue) + queue.dead > 0);
  if (left.length === 0) return undefined;
  return html`<h2>Queues that no contract names</h2>
    <p class="problem" role="alert">Nobody runs what waits there: a release may have left it behind.</p>
    <div class="card scroll" tabindex="0" role="region" aria-label="Queues that no contract names">
      <table>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">Waiting</th>
            <th scope="col">Delayed</th>
            <th scope="col">Running</th>
            <th scope="col">Dead</th>
          </tr>
        </thead>
        <tbody>
          ${left.map(
            ({ name, waiting, delayed, running, dead }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td>${waiting}</td>
                <td>${delayed}</td>
                <td>${running}</td>
                <td>${dead}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function hostTable({ hosts }: Fleet, now: number): Html {
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="Hosts">
    <table>
      <thead>
        <tr>
          <th scope="col">Host</th>
          <th scope="col">Supervisor</th>
          <th scope="col">Processes</th>
          <th scope="col">Up for</th>
          <th scope="col">Queues</th>
        </tr>
      </thead>
      <tbody>
        ${hosts.map(
          ({ host, pid, processes, startedAt, queues }) =>
            html`<tr>
              <th scope="row">${host}</th>
              <td>${pid}</td>
              <td>${processes}</td>
              <td>${age(Math.max(0, now - startedAt))}</td>
              <td>${queues.join(', ')}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function pausedTable({ paused }: Fleet, now: number): Html {
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="Paused destinations">
    <table>
      <thead>
        <tr>
          <th scope="col">Queue and destination</th>
          <th scope="col">State</th>
          <th scope="col">Next try</th>
          <th scope="col">Failed probes</th>
        </tr>
      </thead>
      <tbody>
        ${paused.map(
          ({ key, phase, until, openings }) =>
            html`<tr>
              <th scope="row">${key}</th>
              <td class="${phase === 'open' ? 'bad' : 'warn'}">
                ${phase === 'open' ? 'paused' : phase === 'probing' ? 'finding out' : 'has asked for a pause'}
              </td>
              <td>${until > now ? `in ${age(until - now)}` : 'now'}</td>
              <td>${Math.max(0, openings - 1)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
