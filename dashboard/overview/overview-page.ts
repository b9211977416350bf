import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import type { Overview, QueueFigures } from './read-overview.ts';

export interface OverviewPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']>;
  readonly engine: string;
  /** Undefined while the engine does not answer. */
  readonly overview: Overview | undefined;
  /** What stands in the way, in our words. */
  readonly problems: readonly string[];
  /** Whether there is a page of the event store's projections. */
  readonly hasProjections?: boolean;
}

const REFRESH_SECONDS = 10;
const SLOW_MS = 60_000;
const STUCK_MS = 10 * 60_000;

export function overviewPage(options: OverviewPageOptions): string {
  const { base, viewer, engine, overview, problems, hasProjections = false } = options;
  const body = html`<h1>Overview</h1>
    ${problems.map(problem => html`<p class="problem" role="alert">${problem}</p>`)}
    ${overview === undefined ? undefined : html`${tiles(base, overview)} ${table(base, overview)}`}
    ${hasProjections ? html`<p><a href="${base}/projections">Projections of the event store</a></p>` : undefined}
    <p class="foot" data-age>Queues on ${engine}. Renewed every ${REFRESH_SECONDS} seconds.</p>
    <p class="foot">Dead jobs are those that ended in failure, expired or were cancelled.</p>`;
  return page({ base, title: 'Overview', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function tiles(base: string, { queues, workers }: Overview): Html {
  const sum = (pick: (queue: QueueFigures) => number): number =>
    queues.reduce((total, queue) => total + pick(queue), 0);
  const dead = sum(queue => queue.dead);
  const oldest = Math.max(-1, ...queues.map(queue => queue.oldestDueMs ?? -1));
  return html`<dl class="tiles">
    <div>
      <dt>Waiting</dt>
      <dd>${number(sum(queue => queue.waiting))}</dd>
    </div>
    <div>
      <dt>Running</dt>
      <dd>${number(sum(queue => queue.running))}</dd>
    </div>
    <div>
      <dt>Dead</dt>
      <dd>${deadLink(base, dead)}</dd>
    </div>
    <div>
      <dt>Oldest due</dt>
      <dd class="${ageClass(oldest)}">${oldest < 0 ? '–' : age(oldest)}</dd>
    </div>
    <div>
      <dt>Workers alive</dt>
      <dd class="${workers === 0 ? 'bad' : ''}">${workers === undefined ? 'unknown' : number(workers)}</dd>
    </div>
  </dl>`;
}

/** The engine counts what expired or was cancelled among them, so this is no alarm; the list that it leads to has them too. */
function deadLink(base: string, count: number): Html {
  return count === 0 ? html`0` : html`<a class="warn" href="${base}/dead-letters?all=yes">${number(count)}</a>`;
}

function table(base: string, { queues }: Overview): Html {
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="Queues">
    <table>
      <thead>
        <tr>
          <th scope="col">Queue</th>
          <th scope="col">Waiting</th>
          <th scope="col">Oldest due</th>
          <th scope="col">Running</th>
          <th scope="col">Delayed</th>
          <th scope="col">Dead</th>
          <th scope="col">Succeeded</th>
          <th scope="col">Workers</th>
        </tr>
      </thead>
      <tbody>
        ${queues.map(queue => row(base, queue))}
      </tbody>
    </table>
  </div>`;
}

function row(base: string, queue: QueueFigures): Html {
  const link = `${base}/queues/queue/${encodeURIComponent(queue.name)}`;
  const cell = (count: number, status: string, kind = ''): Html =>
    count === 0
      ? html`<td class="zero">0</td>`
      : html`<td><a class="${kind}" href="${link}?status=${status}">${number(count)}</a></td>`;
  const { oldestDueMs } = queue;
  return html`<tr>
    <th scope="row">
      <a href="${link}">${queue.name}</a>${queue.paused ? html`<span class="badge warn">paused</span>` : undefined}
    </th>
    ${cell(queue.waiting, 'prioritized')}
    <td class="${oldestDueMs === undefined ? 'zero' : ageClass(oldestDueMs)}">
      ${oldestDueMs === undefined ? '–' : age(oldestDueMs)}
    </td>
    ${cell(queue.running, 'active')} ${cell(queue.delayed, 'delayed')} ${cell(queue.dead, 'failed', 'warn')}
    ${cell(queue.succeeded, 'completed')}
    <td class="${queue.workers === 0 ? 'bad' : ''}">${queue.workers === undefined ? '?' : number(queue.workers)}</td>
  </tr>`;
}

function ageClass(ms: number): string {
  if (ms >= STUCK_MS) return 'bad';
  return ms >= SLOW_MS ? 'warn' : '';
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}

/** The two largest units that matter: `3 h 20 min`, `45 s`. */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'under 1 s';
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}
