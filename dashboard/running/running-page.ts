import { isOver, type JobView, type RunningJobView } from '../../src/queue/index.ts';
import { age } from '../../src/time/index.ts';
import { jobLink } from '../jobs/words.ts';
import { cancelAct } from '../pages/acts.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import type { Role } from '../sign-in/roles.ts';

export interface RunningPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  readonly jobs: readonly RunningJobView[];
  readonly limit: number;
  /** The id that was asked for, and what is known of it. */
  readonly asked?: { readonly id: string; readonly job: JobView | undefined } | undefined;
  /** The engine's time. */
  readonly now: number;
}

export const REFRESH_SECONDS = 5;

/** What runs now, and a job by its id; operators may cancel. */
export function runningPage({ base, viewer, jobs, limit, asked, now }: RunningPageOptions): string {
  const body = html`<h1>Running now</h1>
    <form method="get" action="${base}/running" role="search" class="search">
      <label>Any job by its id <input name="job" value="${asked?.id ?? ''}" maxlength="300" required /></label>
      <button class="quiet">Look</button>
    </form>
    ${asked === undefined ? undefined : oneJob(base, viewer, asked)}
    ${jobs.length === 0 ? html`<p class="notice">No job runs.</p>` : jobTable(base, viewer, jobs, now)}
    <p class="foot" data-age>
      Renewed every ${REFRESH_SECONDS} seconds. The longest first, ${limit} of each queue at most. A job that is
      cancelled is told to stop within about a second; one that waits is not begun.
    </p>
    <script defer src="${base}/assets/act.js"></script>`;
  return page({ base, at: '/workers', title: 'Running now', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function oneJob(
  base: string,
  viewer: RunningPageOptions['viewer'],
  { id, job }: NonNullable<RunningPageOptions['asked']>,
): Html {
  if (job === undefined) return html`<p class="problem" role="alert">No job has the id ${id.slice(0, 300)}.</p>`;
  const ended = isOver(job.state);
  return html`<div class="card">
    <p>
      <strong>${job.name}</strong> in ${job.queue}: ${job.state}, ${job.attemptsMade} of ${job.attempts} attempts ended.
    </p>
    ${ended ? undefined : cancelAct(base, viewer.role, job.id)}
  </div>`;
}

function jobTable(
  base: string,
  viewer: RunningPageOptions['viewer'],
  jobs: readonly RunningJobView[],
  now: number,
): Html {
  return table({
    label: 'Running jobs',
    columns: ['Job', 'For', 'Attempt', 'Worker', html`<span class="quiet">Act</span>`],
    rows: jobs.map(
      job =>
        html`<tr>
          <th scope="row">${jobLink(base, job.id)}<small>${job.name ?? 'unreadable'} in ${job.queue}</small></th>
          <td>${job.startedAt === undefined ? '–' : age(Math.max(0, now - job.startedAt))}</td>
          <td>${job.attempt ?? '–'}</td>
          <td>${job.worker ?? '–'}</td>
          <td>
            ${job.cancelled ? html`<span class="warn">being cancelled</span>` : cancelAct(base, viewer.role, job.id)}
          </td>
        </tr>`,
    ),
    texts: true,
  });
}
