import {
  FIND_STATES,
  parseJobId,
  WAITS,
  type CheckedFind,
  type FoundJobs,
  type FoundRun,
  type JobView,
  type ShownTag,
} from '../../src/queue/index.ts';
import type { Standing } from '../../src/journal/index.ts';
import { age } from '../../src/time/index.ts';
import { BULK_ACTIONS, checkBulk, type BulkAction, type BulkTask } from '../../src/bulk/index.ts';
import { hasCode } from '../../src/errors/index.ts';
import { BULK_VERBS, tasksTable } from '../dead-letters/tasks-table.ts';
import { actButton, acts } from '../pages/acts.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { addressOf, type AskedJobs } from './asked-jobs.ts';
import { stateLinks, type StateCounts } from './state-links.ts';
import { asksReason, roleOf } from './bulk-route.ts';
import { duration, instant, jobLink, OUTCOME_WORDS, stateBadge, waitText } from './words.ts';

export interface JobsPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  readonly asked: AskedJobs;
  /** Whether a tag is asked for that stands in no address. */
  readonly sensitive: boolean;
  readonly contracts: readonly string[];
  readonly queues: readonly string[];
  readonly problem?: string | undefined;
  readonly found?: FoundJobs | undefined;
  /** What is asked for, where it can be read: something may be done to all of it. */
  readonly bulk?: CheckedFind | undefined;
  /** What is done in the background. */
  readonly tasks?: readonly BulkTask[];
  /** How many there are of a state now, in the queue that is asked for or in all; undefined where that could not be read in time. */
  readonly counts?: StateCounts | undefined;
  readonly standing?: Standing | undefined;
  readonly share?: { readonly kept: number; readonly succeeded: number } | undefined;
  readonly now: number;
}

/** Find: jobs that wait or run, and how others have ended, in one list. */
export function jobsPage(options: JobsPageOptions): string {
  const { base, viewer, asked, problem, found, now, tasks = [] } = options;
  const body = html`<h1>Jobs</h1>
    ${form(options)} ${stateLinks(options)}
    ${problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`}
    ${
      found?.journal === 'unread'
        ? html`<p class="problem" role="alert">
            The journal cannot be read now: what has ended, and is gone from its queue, is missing here.
          </p>`
        : undefined
    }
    ${tasksTable(base, viewer, tasks)} ${bulkActs(options)}
    ${found === undefined ? undefined : results(base, found, asked, now)}
    ${found === undefined ? undefined : pages(options)} ${coverage(options)}
    <script defer src="${base}/assets/act.js"></script>`;
  return page({ base, at: '/jobs', title: 'Jobs', body, viewer, wide: true });
}

/** What may be done to all that match, of which the page shows some. */
function bulkActs({ base, viewer, asked, bulk, found }: JobsPageOptions): Html | undefined {
  if (bulk === undefined || found === undefined || found.jobs.length + found.runs.length === 0) return undefined;
  const { cursor: _, ...jobs } = asked;
  const fitting = BULK_ACTIONS.filter(what => mayAct(viewer.role, roleOf(what)) && fits(what, bulk));
  if (fitting.length === 0) return undefined;
  const buttons = fitting.map(what =>
    actButton({
      path: `${base}/jobs/bulk`,
      what: { do: what, jobs },
      verb: BULK_VERBS[what],
      label: `${BULK_VERBS[what]} all that match`,
      follow: `${base}/jobs`,
      ...(asksReason(what) && { asks: `Why? It is kept with what is done (${BULK_VERBS[what]}).` }),
    }),
  );
  return acts(...buttons);
}

function fits(what: BulkAction, bulk: CheckedFind): boolean {
  try {
    checkBulk(what, bulk);
    return true;
  } catch (error) {
    if (hasCode(error, 'INVALID_OPTIONS')) return false;
    throw error;
  }
}

function form({ base, asked, contracts, queues }: JobsPageOptions): Html {
  const choice = (name: keyof AskedJobs, label: string, values: readonly string[]): Html =>
    html`<label
      >${label}
      <select name="${name}">
        <option value="">any</option>
        ${values.map(value =>
          value === asked[name]
            ? html`<option value="${value}" selected>${value}</option>`
            : html`<option value="${value}">${value}</option>`,
        )}
      </select></label
    >`;
  const text = (name: keyof AskedJobs, label: string, hint: string): Html =>
    html`<label
      >${label} <input name="${name}" value="${asked[name]}" placeholder="${hint}" maxlength="300" autocomplete="off"
    /></label>`;
  const others: readonly (keyof AskedJobs)[] = ['queue', 'waitsFor', 'since', 'until', 'cause'];
  const isOpen = others.some(name => asked[name] !== '');
  const more = html`<summary>More filters</summary>
    <div class="filters">
      ${choice('queue', 'Queue', queues)} ${choice('waitsFor', 'Waits for', WAITS)}
      ${text('since', 'Since (UTC)', '2h')} ${text('until', 'Until (UTC)', '2026-11-29T14:00')}
      ${text('cause', 'Cause', 'fingerprint')}
    </div>`;
  return html`<form method="post" action="${base}/jobs" role="search" class="card find">
    <div class="filters">
      ${text('tag', 'Tags', 'user=u-1 order=o-1042')} ${text('id', 'Id of a job or a trace', 'email-…')}
      ${choice('contract', 'Contract', contracts)} ${choice('state', 'State', FIND_STATES)}
    </div>
    ${isOpen ? html`<details open>${more}</details>` : html`<details>${more}</details>`}
    <p><button>Find</button> <a href="${base}/jobs">Clear</a></p>
  </form>`;
}

function results(
  base: string,
  { jobs, beyond, runs, next, lookedBackTo }: FoundJobs,
  asked: AskedJobs,
  now: number,
): Html {
  if (jobs.length + runs.length === 0) {
    if (next !== undefined) return html`<p class="notice">None so far: there is more to look through.</p>`;
    const far = lookedBackTo === undefined ? '' : ` Looked back to ${instant(lookedBackTo)}.`;
    return html`<p class="notice">No job is like that.${far} Jobs appear here from the moment they are enqueued.</p>`;
  }
  return html`${
    beyond
      ? html`<p class="notice">
          More wait or run than are looked through, the newest first:
          ${asked.queue === '' ? 'choose a queue, or a tag' : 'narrow it down by a tag or a state'}.
        </p>`
      : undefined
  }${table({
    label: 'Jobs',
    columns: ['Job', 'State', 'When', 'Waited, ran', 'Attempts', 'Why, and where'],
    close: true,
    rows: [...jobs.map(job => liveRow(base, job, now)), ...runs.map(run => runRow(base, run))],
    texts: true,
  })}${lookedBackTo === undefined ? undefined : html`<p class="foot">Looked back to ${instant(lookedBackTo)} so far.</p>`}`;
}

function liveRow(base: string, job: JobView, now: number): Html {
  const { id, name, queue, state, waitsFor, tags, enqueuedAt, startedAt, finishedAt, attemptsMade, attempts } = job;
  const wait = waitsFor === undefined ? undefined : waitText(waitsFor, now);
  const ran = startedAt === undefined ? undefined : (finishedAt ?? now) - startedAt;
  return html`<tr>
    <th scope="row">${jobLink(base, id, name)}${tagList(tags)}<small>${placeText(id, queue)}</small></th>
    <td>${stateBadge(state)}</td>
    <td>
      <time>${instant(finishedAt ?? enqueuedAt)}</time
      ><small class="why"
        >${finishedAt === undefined ? `enqueued ${age(Math.max(0, now - enqueuedAt))} ago` : 'ended'}</small
      >
    </td>
    <td>
      ${startedAt === undefined ? age(Math.max(0, now - enqueuedAt)) : duration(startedAt - enqueuedAt)}<small
        class="why"
        >${ran === undefined || (state !== 'running' && finishedAt === undefined) ? '–' : duration(ran)}</small
      >
    </td>
    <td>${attemptsMade} of ${attempts}</td>
    <td class="wide">
      ${wait === undefined ? undefined : html`<span class="waits">waits ${wait}</span>`}${failedText(job.lastError)}
    </td>
  </tr>`;
}

function runRow(base: string, run: FoundRun): Html {
  const { jobId, jobName, queue, outcome, endedAt, waitedMs, ranMs, attempt, worker, release, message, tags } = run;
  return html`<tr>
    <th scope="row">${jobLink(base, jobId, jobName)}${tagList(tags)}<small>${placeText(jobId, queue)}</small></th>
    <td>${stateBadge(OUTCOME_WORDS[outcome])}</td>
    <td><time>${instant(endedAt)}</time></td>
    <td>${duration(waitedMs)}<small class="why">${duration(ranMs)}</small></td>
    <td>${attempt}</td>
    <td class="wide">
      ${failedText(message)}<small class="why">${worker}${release === undefined ? '' : `, release ${release}`}</small>
    </td>
  </tr>`;
}

/** Of ours the id alone says where the job is. */
function placeText(id: string, queue: string): string {
  return parseJobId(id) === undefined ? `${id} in ${queue}` : id;
}

function failedText(message: string | undefined): Html | undefined {
  const [line = ''] = (message ?? '').split('\n', 1);
  return line === '' ? undefined : html`<span class="cause">${line.slice(0, 160)}</span>`;
}

export function tagList(tags: readonly ShownTag[]): Html | undefined {
  if (tags.length === 0) return undefined;
  return html` ·
  ${tags.map(({ name, value }) => html`<span class="tag">${name}: ${value ?? html`<em>hidden</em>`}</span> `)}`;
}

/** Behind a sensitive tag the next page is asked for as this one was. */
function pages({ base, asked, sensitive, found }: JobsPageOptions): Html | undefined {
  const next = found?.next;
  if (next === undefined) return undefined;
  if (!sensitive) return html`<p><a href="${addressOf(base, { ...asked, cursor: next })}">Further back</a></p>`;
  const fields = Object.entries({ ...asked, cursor: next }).filter(([, value]) => value !== '');
  return html`<form method="post" action="${base}/jobs">
    ${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button class="quiet">Further back</button>
  </form>`;
}

/** Which span and share the journal really has. */
function coverage({ standing, share, now }: JobsPageOptions): Html | undefined {
  if (standing === undefined) return undefined;
  const since = (at: number | undefined): string =>
    at === undefined ? 'none yet' : `of the last ${age(Math.max(0, now - at))}`;
  const part =
    share === undefined || share.succeeded === 0
      ? ''
      : `, ${((100 * Math.min(share.kept, share.succeeded)) / share.succeeded).toFixed(share.kept >= share.succeeded ? 0 : 1)} % of those of the last day`;
  return html`<p class="foot">
    In the journal: ends without success ${since(standing.failed.since)}; successes
    ${since(standing.succeeded.since)}${part}. ${megabytes(standing.failed.bytes + standing.succeeded.bytes)} in all.
    Tags whose values are not public are posted and shown to nobody.
  </p>`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
