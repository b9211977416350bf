import { age } from '../../src/time/index.ts';
import type { RunTimeSchedule, SchedulePage } from '../../src/queue/index.ts';
import type { ScheduleRun, ScheduleView } from '../../src/runtime/index.ts';
import { actButton, acts } from '../pages/acts.ts';
import { jobLink } from '../jobs/words.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { inWords } from './in-words.ts';

export interface SchedulesPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  readonly schedules: readonly ScheduleView[];
  /** A page of those that were made at run time. */
  readonly made: SchedulePage;
  readonly at: { readonly prefix: string; readonly isFirst: boolean };
  /** The engine's time. */
  readonly now: number;
}

export const REFRESH_SECONDS = 10;

/** Which work comes again and when, and what became of its last slots; operators pause, resume and run. */
export function schedulesPage(options: SchedulesPageOptions): string {
  const { base, viewer, schedules, made, at, now } = options;
  const body = html`<h1>Schedules</h1>
    ${
      schedules.length === 0 && (made.schedules.length > 0 || at.prefix !== '' || !at.isFirst)
        ? undefined
        : schedules.length === 0
          ? html`<p class="notice">
              The app names none. Here stands work that comes again, such as a report each morning: when it is due next,
              and what became of the last times.
            </p>`
          : table({
              label: 'Schedules',
              texts: true,
              columns: ['Schedule', 'Due', 'Next', 'Last', 'Last slots', html`<span class="quiet">Act</span>`],
              rows: schedules.map(schedule => row(base, viewer.role, schedule, now)),
            })
    }
    ${madeAtRunTime(options)}
    <p class="foot" data-age>
      The newest slot first. ✓ succeeded, ✗ dead, … not over yet, ? no longer kept, ‖ paused, ! missed (nobody was
      there), ↷ skipped (the one before was not over), ∅ its data was refused. Renewed every ${REFRESH_SECONDS} seconds.
    </p>
    <script defer src="${base}/assets/act.js"></script>`;
  return page({ base, at: '/schedules', title: 'Schedules', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

const HITCHES = {
  'no-contract': html`<span class="bad">no contract</span
    ><small>no release at work has it; made up for once one has</small>`,
  'no-rule': html`<span class="bad">no rule</span><small>its cron cannot be read</small>`,
};

/** Those that the app has made while it runs, a page at a time. */
function madeAtRunTime({ base, viewer, made, at, now }: SchedulesPageOptions): Html | undefined {
  const { unreadable } = made;
  if (made.schedules.length + unreadable.length === 0 && at.prefix === '' && at.isFirst) return undefined;
  const next = new URLSearchParams({ prefix: at.prefix, after: made.next ?? '' });
  return html`<h2>Made at run time</h2>
    <form method="get" action="${base}/schedules" role="search" class="search">
      <label
        >Names that begin with <input name="prefix" value="${at.prefix}" placeholder="digest:" maxlength="200"
      /></label>
      <button>Show</button>
    </form>
    ${
      made.schedules.length === 0
        ? html`<p class="notice">None of these names.</p>`
        : table({
            label: 'Schedules made at run time',
            texts: true,
            columns: ['Schedule', 'Due', 'Next', 'Last', 'Made', html`<span class="quiet">Act</span>`],
            rows: made.schedules.map(schedule => madeRow(base, viewer.role, schedule, now)),
          })
    }
    ${
      unreadable.length === 0
        ? undefined
        : html`<p class="notice">
            <span class="bad">${unreadable.length} cannot be read</span> and make no jobs:
            ${unreadable.slice(0, 10).join(', ')}. Make them anew, or remove them: shiftwork schedules remove NAME.
          </p>`
    }
    ${made.next === undefined ? undefined : html`<p><a href="${base}/schedules?${String(next)}">More</a></p>`}`;
}

function madeRow(base: string, role: Role, schedule: RunTimeSchedule, now: number): Html {
  const { name, job, when, paused, overdue, nextAt, hitch, runs, made, changed } = schedule;
  const [last] = runs;
  return html`<tr>
    <th scope="row">${name}<small>${job}</small></th>
    <td class="wraps">${due(when)}</td>
    <td>${hitch === undefined ? next(paused, overdue, nextAt, now) : HITCHES[hitch.why]}</td>
    <td>
      ${last === undefined ? html`<span class="zero">none yet</span>` : html`${fate(base, last)}<small>${time(last.at)}</small>`}
    </td>
    <td>
      ${made.by}<small>${time(made.at)}</small>
      ${changed.at === made.at ? undefined : html`<small>changed by ${changed.by}, ${time(changed.at)}</small>`}
    </td>
    <td>${scheduleActs(base, role, name, paused !== undefined)}</td>
  </tr>`;
}

/** What became of a slot; its job has a page. */
function fate(base: string, { what, count, jobId }: RunTimeSchedule['runs'][number]): Html {
  if (jobId !== undefined) return html`<a href="${base}/jobs/${encodeURIComponent(jobId)}">${what}</a>`;
  return html`${count > 1 ? `${count} slots ` : ''}${what}`;
}

function due(when: ScheduleView['when']): Html {
  return html`${inWords(when)}${when.kind === 'cron' ? html`<small><code>${when.cron}</code> ${when.timeZone}</small>` : html`<small>UTC</small>`}`;
}

function row(base: string, role: Role, schedule: ScheduleView, now: number): Html {
  const { name, job, queue, when, paused, overdue, nextAt, runs } = schedule;
  const [last] = runs;
  return html`<tr>
    <th scope="row">${name}<small>${job} in ${queue}</small></th>
    <td class="wraps">${due(when)}</td>
    <td>${next(paused, overdue, nextAt, now)}</td>
    <td>
      ${last === undefined ? html`<span class="zero">none yet</span>` : html`${last.job === undefined ? said(last) : jobLink(base, last.job.id, said(last))}<small>${time(last.at)}</small>`}
    </td>
    <td>${runs.length === 0 ? '–' : strip(base, runs)}</td>
    <td>${scheduleActs(base, role, name, paused !== undefined)}</td>
  </tr>`;
}

function next(paused: ScheduleView['paused'], overdue: boolean, nextAt: number | undefined, now: number): Html {
  if (paused !== undefined) {
    return html`<span class="warn">paused</span
      ><small>by ${paused.by}, ${time(paused.at)}${paused.reason === undefined ? '' : `: ${paused.reason}`}</small>`;
  }
  if (overdue) return html`<span class="bad">overdue</span><small>no worker deals with schedules</small>`;
  if (nextAt === undefined) return html`never`;
  return html`in ${age(Math.max(0, nextAt - now))}<small>${time(nextAt)}</small>`;
}

function strip(base: string, runs: readonly ScheduleRun[]): Html {
  return html`<ol class="strip">
    ${runs.map(run => {
      const [sign, kind] = SIGNS[fateOf(run)] ?? ['?', 'zero'];
      const text = `${time(run.at)}: ${said(run)}`;
      return html`<li class="${kind}" title="${text}">
        ${
          run.job === undefined
            ? html`<span aria-hidden="true">${sign}</span><span class="said">${text}</span>`
            : html`<a href="${base}/jobs/${encodeURIComponent(run.job.id)}" aria-label="${text}">${sign}</a>`
        }
      </li>`;
    })}
  </ol>`;
}

const SIGNS: Readonly<Record<string, readonly [string, string]>> = {
  succeeded: ['✓', 'good'],
  dead: ['✗', 'bad'],
  cancelled: ['–', 'warn'],
  expired: ['–', 'warn'],
  waiting: ['…', 'zero'],
  delayed: ['…', 'zero'],
  running: ['…', 'zero'],
  paused: ['‖', 'zero'],
  missed: ['!', 'bad'],
  skipped: ['↷', 'warn'],
  failed: ['∅', 'bad'],
};

/** What became of a slot, and of the job where it became one. */
function fateOf({ what, job }: ScheduleRun): string {
  return what === 'queued' || what === 'by hand' ? (job?.state ?? 'unknown') : what;
}

function said(run: ScheduleRun): string {
  const fate = fateOf(run);
  const { job, what, count, by } = run;
  const hand = what === 'by hand' ? `, run by ${by ?? 'somebody'}` : '';
  const took =
    job?.startedAt !== undefined && job.finishedAt !== undefined ? job.finishedAt - job.startedAt : undefined;
  if (fate === 'unknown') return `no longer kept${hand}`;
  if (fate === 'failed') return 'its data was refused';
  if (count > 1) return `${count} slots ${fate}`;
  return `${fate}${took === undefined ? '' : ` after ${took < 1_000 ? `${Math.max(0, took)} ms` : age(took)}`}${hand}`;
}

function scheduleActs(base: string, role: Role, name: string, isPaused: boolean): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const path = `${base}/schedules`;
  const what = { name };
  const asks = 'Why is it paused? Whoever looks later reads it.';
  return acts(
    actButton({ path: `${path}/run`, what, verb: 'Run' }),
    isPaused
      ? actButton({ path: `${path}/resume`, what, verb: 'Resume' })
      : actButton({ path: `${path}/pause`, what, verb: 'Pause', asks }),
  );
}
