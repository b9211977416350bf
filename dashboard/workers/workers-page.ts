import type { Fleet } from '../../src/runtime/index.ts';
import { unfinishedIn, type QueueFigures } from '../../src/queue/index.ts';
import { age } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';

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
    ${
      hosts.length === 0
        ? html`<p class="problem" role="alert">
            No worker host is alive. Here stand those that are, with their queues: start one with shiftwork work.
          </p>`
        : hostTable(fleet, now)
    }
    <p><a href="${base}/running">What runs now</a></p>
    ${goneTable(fleet, now)}
    <h2>Paused destinations</h2>
    ${paused.length === 0 ? html`<p class="notice">None: every destination answers.</p>` : pausedTable(fleet, now)}
    ${unnamedTable(unnamed)}
    <p class="foot" data-age>
      Renewed every ${REFRESH_SECONDS} seconds. A host that is lost is known to be so after some ten seconds, and stays
      here for a day.
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
    texts: true,
    columns: ['Host', 'Processes', 'Up for', 'Clock', 'Queues'],
    rows: hosts.map(
      ({ host, pid, processes, startedAt, queues, clockMs }) =>
        html`<tr>
          <th scope="row">${host}<small>supervisor ${pid}</small></th>
          <td>${processes}</td>
          <td>${age(Math.max(0, now - startedAt))}</td>
          <td class="${Math.abs(clockMs ?? 0) >= CLOCK_BAD_MS ? 'bad' : ''}">${clock(clockMs)}</td>
          <td class="wraps">${queues.join(', ')}</td>
        </tr>`,
    ),
  });
}

/** From there on a start warns of it. */
const CLOCK_BAD_MS = 1_000;
const CLOCK_SAME_MS = 100;

function clock(differenceMs: number | undefined): string {
  if (differenceMs === undefined) return 'not compared yet';
  if (Math.abs(differenceMs) < CLOCK_SAME_MS) return "the engine's";
  return `${(Math.abs(differenceMs) / 1_000).toFixed(1)} s ${differenceMs > 0 ? 'ahead' : 'behind'}`;
}

/** A host that is gone is not only missing: it says how and since when. */
function goneTable({ gone }: Fleet, now: number): Html | undefined {
  if (gone.length === 0) return undefined;
  return html`<h2>Gone in the last day</h2>
    ${table({
      label: 'Hosts that are gone',
      texts: true,
      columns: ['Host', 'How', 'Since', 'Was up for', 'Queues'],
      rows: gone.slice(0, GONE_SHOWN).map(
        ({ host, pid, how, goneAt, startedAt, queues }) =>
          html`<tr>
            <th scope="row">${host}<small>supervisor ${pid}</small></th>
            <td class="${how === 'lost' ? 'bad' : ''}">
              ${how}<small
                >${how === 'lost' ? 'without a word; its jobs were handed back' : 'it has said goodbye, as at a deploy'}</small
              >
            </td>
            <td>${age(Math.max(0, now - goneAt))} ago<small>${time(goneAt)}</small></td>
            <td>${age(Math.max(0, goneAt - startedAt))}</td>
            <td class="wraps">${queues.join(', ')}</td>
          </tr>`,
      ),
    })}
    ${gone.length > GONE_SHOWN ? html`<p class="foot">The latest ${GONE_SHOWN} of ${gone.length}.</p>` : undefined}`;
}

const GONE_SHOWN = 50;

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
