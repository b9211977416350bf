import type { AppScaling, Scaling } from '../../src/standing/index.ts';
import { age } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';

export interface ScalingPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']>;
  readonly scaling: AppScaling;
}

const REFRESH_SECONDS = 15;

/** How many worker processes each queue needs, and what that was reckoned from. */
export function scalingPage({ base, viewer, scaling }: ScalingPageOptions): string {
  const { processes, queues } = scaling;
  const body = html`<h1>Scaling</h1>
    <p class="notice">
      ${processes} worker ${processes === 1 ? 'process keeps' : 'processes keep'} what was promised in every queue,
      where each serves all of them.
    </p>
    ${table({
      label: 'Queues',
      columns: ['Queue', 'Needed', 'Now', 'Busy', 'Comes', 'Takes', 'Waits', 'Held', 'Drains in', 'Promised'],
      rows: Object.entries(queues).map(([name, queue]) => row(name, queue)),
    })}
    <ul>
      ${Object.entries(queues).map(([name, { because }]) => html`<li><strong>${name}</strong>: ${because}</li>`)}
    </ul>
    <p class="foot" data-age>
      Of the last three minutes. The same as JSON with <code>Accept: application/json</code>. Renewed every
      ${REFRESH_SECONDS} seconds.
    </p>`;
  return page({ base, at: '/scaling', title: 'Scaling', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function row(name: string, queue: Scaling): Html {
  const { processes, utilisation, arrivalPerSecond, serviceSeconds, startable, held, drainSeconds } = queue;
  const short = processes.needed > processes.now;
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="${short ? 'warn' : ''}">${processes.needed}</td>
    <td>${processes.now}</td>
    <td>${utilisation === undefined ? '–' : `${Math.round(utilisation * 100)} %`}</td>
    <td>${arrivalPerSecond.toFixed(1)}/s</td>
    <td>${serviceSeconds === undefined ? '–' : `${Math.round(serviceSeconds * 1_000).toLocaleString('en-US')} ms`}</td>
    <td>${startable.toLocaleString('en-US')}</td>
    <td>${held.toLocaleString('en-US')}</td>
    <td>${drainSeconds === undefined ? 'never' : drainSeconds === 0 ? '–' : age(drainSeconds * 1_000)}</td>
    <td>${age(queue.startWithinMs)}</td>
  </tr>`;
}
