import type { Fleet } from '../../src/runtime/index.ts';
import { unfinishedIn, type QueueFigures, type RunningJobView } from '../../src/queue/index.ts';
import { age } from '../../src/time/index.ts';
import { jobLink } from '../jobs/words.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { hostTable } from './host-table.ts';
import { tryAct } from './try-act.ts';

export interface WorkersPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  readonly fleet: Fleet;
  /** What runs, longest first. */
  readonly running?: readonly RunningJobView[];
  /** Queues that no contract names. */
  readonly unnamed?: readonly QueueFigures[];
  readonly now: number;
}

export const REFRESH_SECONDS = 5;

/** Which hosts work and how they are loaded, what runs, which hosts are gone, and which destinations are paused. */
export function workersPage(options: WorkersPageOptions): string {
  const { base, viewer, fleet, running = [], unnamed = [], now } = options;
  const { hosts, paused } = fleet;
  const body = html`<h1>Workers</h1>
    ${
      hosts.length === 0
        ? html`<p class="problem" role="alert">
            No worker host is alive. Here stand those that are, with their queues: start one with shiftwork work.
          </p>`
        : hostTable({ base, role: viewer.role, hosts, now })
    }
    ${hosts.length === 0 ? undefined : html`<p class="foot">Quiet: no new jobs are taken, and what runs goes on. Stop: it ends as at a deploy; a process is replaced by its supervisor, a host by whatever has started it. Both are obeyed within some two seconds.</p>`}
    <h2>What runs now</h2>
    ${running.length === 0 ? html`<p class="notice">Nothing: the jobs that run longest would stand here.</p>` : runningTable(base, running, now)}
    <p><a href="${base}/running">All that runs, and cancelling it</a></p>
    ${goneTable(fleet, now)}
    <h2>Paused destinations</h2>
    ${paused.length === 0 ? html`<p class="notice">None: every destination answers.</p>` : pausedTable(options)}
    ${unnamedTable(unnamed)}
    <p class="foot" data-age>
      Renewed every ${REFRESH_SECONDS} seconds. A host that is lost is known to be so after some ten seconds, and stays
      here for a day.
    </p>
    <script defer src="${base}/assets/act.js"></script>`;
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

/** What runs longest: a job that does not end is seen here. */
function runningTable(base: string, jobs: readonly RunningJobView[], now: number): Html {
  return table({
    label: 'What runs now',
    texts: true,
    columns: ['Job', 'For', 'Attempt', 'Worker'],
    rows: jobs.slice(0, RUNNING_SHOWN).map(
      ({ id, name, queue, startedAt, attempt, worker }) =>
        html`<tr>
          <th scope="row">${jobLink(base, id, name ?? 'unreadable')}<small>${id} in ${queue}</small></th>
          <td>${startedAt === undefined ? '–' : age(Math.max(0, now - startedAt))}</td>
          <td>${attempt ?? '–'}</td>
          <td class="wraps">${worker ?? '–'}</td>
        </tr>`,
    ),
  });
}

const RUNNING_SHOWN = 20;

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

function pausedTable({ base, viewer, fleet: { paused }, now }: WorkersPageOptions): Html {
  return table({
    label: 'Paused destinations',
    texts: true,
    columns: [
      'Queue and destination',
      'State',
      'Last error',
      'Next try',
      'Failed probes',
      html`<span class="quiet">Act</span>`,
    ],
    rows: paused.map(
      ({ key, phase, until, openings, why, since }) =>
        html`<tr>
          <th scope="row">
            ${key}${since === undefined ? undefined : html`<small>for ${age(Math.max(0, now - since))}</small>`}
          </th>
          <td class="${phase === 'open' ? 'bad' : 'warn'}">
            ${phase === 'open' ? 'paused' : phase === 'probing' ? 'finding out' : 'has asked for a pause'}
          </td>
          <td class="wraps">${why ?? '–'}</td>
          <td>${until > now ? `in ${age(until - now)}` : 'now'}</td>
          <td>${Math.max(0, openings - 1)}</td>
          <td>${until > now && mayAct(viewer.role, 'operator') ? tryAct(base, key) : undefined}</td>
        </tr>`,
    ),
  });
}
