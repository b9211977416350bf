import {
  isOver,
  parseJobId,
  producerText,
  shownJobId,
  shownRun,
  type BatchView,
  type JobView,
} from '../../src/queue/index.ts';
import type { RunRecord } from '../../src/journal/index.ts';
import { cancelAct, letterActs } from '../pages/acts.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { isEndExpected } from './attempts.ts';
import { tagList } from './jobs-page.ts';
import type { ReadJob } from './read-job.ts';
import { storyOf } from './story.ts';
import { waterfall } from './waterfall.ts';
import { instant, jobLink, OUTCOME_WORDS, stateBadge, waitText } from './words.ts';

export interface JobPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  readonly job: ReadJob;
  /** An address with `{trace}` in it, of where traces are shown. */
  readonly traceLink: string | undefined;
  readonly now: number;
}

const SHOWN = 300_000;
/** Until it has ended, and the journal has its last run. */
export const REFRESH_SECONDS = 6;

/** One job: its story, its data without what is sensitive, and the actions that fit its state. */
export function jobPage({ base, viewer, job, traceLink, now }: JobPageOptions): string {
  const { id, view, runs, following, ofKey, data, log } = job;
  const last = runs.at(-1);
  const name = view?.name ?? last?.jobName ?? '?';
  const state = view?.state ?? (last === undefined ? 'unknown' : OUTCOME_WORDS[last.outcome]);
  const tags = view?.tags ?? (last === undefined ? [] : shownRun(last).tags);
  const wait = view?.waitsFor === undefined ? '' : ` ${waitText(view.waitsFor, now)}`;
  const body = html`<h1>${name} ${stateBadge(state)}<small class="why">${wait}</small></h1>
    <p class="id"><code>${id}</code> in ${view?.queue ?? last?.queue ?? '?'}${tagList(tags)}</p>
    ${
      view === undefined
        ? html`<p class="notice">
            It is gone from its queue: what the journal has of it is here. Its data is kept nowhere.
          </p>`
        : html`${acts(base, viewer.role, view)} ${skipsPart(view, job)}`
    }
    ${
      job.journal === 'unread'
        ? html`<p class="problem" role="alert">The journal cannot be read now: earlier runs may be missing.</p>`
        : undefined
    }
    <h2>Story</h2>
    <ol class="story card">
      ${storyOf(job, now).map(
        ({ at, text, kind, error }) =>
          html`<li class="${kind}">
            <time>${instant(at)}</time>
            <span>${text}</span
            >${error === undefined ? undefined : html`<small class="cause">${error.slice(0, 400)}</small>`}
          </li>`,
      )}
    </ol>
    ${waterfall(base, job, now)}
    <h2>What it belongs to</h2>
    <dl class="pairs card">${belongs(base, job, traceLink)}</dl>
    ${view === undefined ? undefined : dataPart(base, viewer.role, view, data)}
    ${
      view?.result === undefined || view.result === null
        ? undefined
        : html`<h2>Result</h2>
            <pre class="card scroll" tabindex="0">${json(view.result)}</pre>`
    }
    ${
      log.length === 0
        ? undefined
        : html`<h2>Log</h2>
            <pre class="card scroll" tabindex="0">${log.join('\n')}</pre>`
    }
    ${
      view === undefined || view.errors.length === 0
        ? undefined
        : html`<h2>Last error</h2>
            <pre class="card scroll" tabindex="0">${view.errors.at(-1) ?? ''}</pre>`
    }
    ${childrenPart(base, job)} ${runsPart(base, 'Other runs of the same key', ofKey)}
    ${runsPart(base, 'What followed from it', following)}
    <script defer src="${base}/assets/act.js"></script>
    <script defer src="${base}/assets/job.js"></script>`;
  const changes = view !== undefined && (!isOver(view.state) || isEndExpected(job, now));
  const refresh = changes ? { refreshSeconds: REFRESH_SECONDS } : {};
  return page({ base, at: '/jobs', title: name, body, viewer, ...refresh });
}

/** What a replay of it does not do again. */
function skipsPart({ state }: JobView, { skips }: ReadJob): Html | undefined {
  if (!isOver(state) || state === 'succeeded' || skips.length === 0) return undefined;
  return html`<p class="foot">
    A replay as it is skips the steps whose results are kept: ${skips.map(name => html`<code>${name}</code> `)} With
    other data they are done again.
  </p>`;
}

const CHILDREN_SHOWN = 50;

function childrenPart(base: string, { children }: ReadJob): Html | undefined {
  if (children.length === 0) return undefined;
  const more = children.length - CHILDREN_SHOWN;
  return html`<h2>Children</h2>
    <ul class="card list">
      ${children
        .slice(0, CHILDREN_SHOWN)
        .map(({ state, ...place }) => html`<li>${jobLink(base, shownJobId(place))} ${state}</li>`)}
      ${more > 0 ? html`<li>and ${more} more</li>` : undefined}
    </ul>`;
}

function runsPart(base: string, title: string, runs: readonly RunRecord[]): Html | undefined {
  if (runs.length === 0) return undefined;
  return html`<h2>${title}</h2>
    <ul class="card list">
      ${runs.map(
        run =>
          html`<li>
            ${jobLink(base, run.jobId)} ${run.jobName}, ${OUTCOME_WORDS[run.outcome]},
            <time>${instant(run.endedAt)}</time>
          </li>`,
      )}
    </ul>`;
}

function batchText({ name, total, open, ended }: BatchView): string {
  const ends = Object.entries(ended).flatMap(([state, count]) => (count === 0 ? [] : [`${count} ${state}`]));
  return `${name}: ${total} members, ${[...(open === 0 ? [] : [`${open} open`]), ...ends].join(', ')}`;
}

/** The job or the event whose handler enqueued it. */
function causeText(base: string, causedBy: string): Html | string {
  return parseJobId(causedBy) === undefined ? `event ${causedBy}` : jobLink(base, causedBy);
}

function belongs(
  base: string,
  { id, view, runs, items, batch, causedBy, keyStandsFor }: ReadJob,
  traceLink: string | undefined,
): Html {
  const last = runs.at(-1);
  const correlation = view?.correlationId ?? last?.correlationId;
  const trace = last?.traceId;
  const pairs: readonly (readonly [string, Html | string] | undefined)[] = [
    view && ['Attempts', `${view.attemptsMade} of ${view.attempts} ended`],
    items === undefined ? undefined : ['Items', `${items} in this chunk`],
    view?.progress === undefined ? undefined : ['Progress', json(view.progress)],
    correlation === undefined || correlation === id ? undefined : ['Follows from', jobLink(base, correlation)],
    causedBy === undefined ? undefined : ['Enqueued by', causeText(base, causedBy)],
    view?.producer === undefined ? undefined : ['Enqueued in', producerText(view.producer)],
    keyStandsFor === undefined
      ? undefined
      : ['Key', keyStandsFor === id ? 'stands for this job' : html`stands for ${jobLink(base, keyStandsFor)}`],
    view?.replayOf === undefined ? undefined : ['Replay of', jobLink(base, view.replayOf)],
    view?.parent === undefined ? undefined : ['Parent', jobLink(base, shownJobId(view.parent))],
    view?.children === undefined
      ? undefined
      : [
          'Children',
          `${view.children.open} open, ${view.children.succeeded} succeeded, ${view.children.failed} failed`,
        ],
    view?.batch === undefined ? undefined : ['Batch', batch === undefined ? view.batch : batchText(batch)],
    trace === undefined
      ? undefined
      : [
          'Trace',
          traceLink === undefined
            ? trace
            : html`<a href="${traceLink.replace('{trace}', trace)}" rel="noreferrer">${trace}</a>`,
        ],
    last?.cause === undefined
      ? undefined
      : [
          'Cause',
          html`<a href="${base}/dead-letters?cause=${encodeURIComponent(last.cause)}">dead letters</a>,
            <a href="${base}/jobs?cause=${encodeURIComponent(last.cause)}">all that ended so</a>`,
        ],
    [
      'More',
      html`<a href="${base}/jobs?contract=${encodeURIComponent(view?.name ?? last?.jobName ?? '')}"
        >other jobs of this contract</a
      >`,
    ],
  ];
  return html`${pairs.flatMap(pair =>
    pair === undefined
      ? []
      : [
          html`<dt>${pair[0]}</dt>
            <dd>${pair[1]}</dd>`,
        ],
  )}`;
}

/** The buttons that fit its state, and this person. */
function acts(base: string, role: Role, { id, state }: JobView): Html | undefined {
  if (state === 'succeeded') return undefined;
  if (isOver(state)) return letterActs(base, role, { ids: [id] });
  if (!mayAct(role, 'operator')) return undefined;
  const path = `${base}/jobs/${encodeURIComponent(id)}`;
  return html`${cancelAct(base, role, id)}
  ${
    state === 'running'
      ? undefined
      : html`<form class="acts" data-post="${path}/update" hidden>
          <button class="quiet" name="when" value="now">Run now</button>
          <label>Start in <input name="in" size="6" placeholder="30m" pattern="\\d+(s|m|h|d)" /></label>
          <button class="quiet" name="when" value="later">Change time</button><output aria-live="polite"></output>
        </form>`
  }`;
}

/** What it was given; changed while it waits, or given anew after its end. */
function dataPart(base: string, role: Role, { id, state }: JobView, data: unknown): Html {
  const shown = json(data);
  const isChangeable = state !== 'running' && state !== 'unknown' && typeof data === 'object' && shown.length < SHOWN;
  const form =
    mayAct(role, 'operator') && isChangeable
      ? html`<details>
          <summary>${isOver(state) ? 'Replay with changed data' : 'Change the data'}</summary>
          <form
            class="stack"
            data-post="${base}/jobs/${encodeURIComponent(id)}/${isOver(state) ? 'replay' : 'update'}"
            hidden
          >
            <label>Data, as JSON <textarea name="data" rows="10" spellcheck="false">${shown}</textarea></label>
            <p class="foot">
              Hidden values stay as they are stored unless you write others in their place; nobody sees those.
              ${
                isOver(state)
                  ? 'A new job is made, which names this one. Effects that are done under an id of this job are not done again; those under the new one are.'
                  : 'The contract looks at it before anything is changed.'
              }
            </p>
            <p><button>${isOver(state) ? 'Replay' : 'Change'}</button> <output aria-live="polite"></output></p>
          </form>
        </details>`
      : undefined;
  return html`<h2>Data</h2>
    <pre class="card scroll" tabindex="0">${shown.slice(0, SHOWN)}</pre>
    ${form}`;
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? 'none';
}
