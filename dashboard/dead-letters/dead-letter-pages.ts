import {
  standingOf,
  type CauseDecision,
  type CauseStanding,
  type DeadLetter,
  type DeadLetterDetails,
  type DeadLetterGroup,
  type LetterStanding,
} from '../../src/dead-letters/index.ts';
import { shortened } from '../../src/privacy/index.ts';
import { letterActs } from '../pages/acts.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { time } from '../pages/time.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { causeActs, stateBadge } from './cause-state.ts';
import type { BulkTask } from '../../src/bulk/index.ts';
import { shownJobId } from '../../src/queue/index.ts';
import { jobLink } from '../jobs/words.ts';
import { sparkline } from './sparkline.ts';
import { hasRunning, tasksTable } from './tasks-table.ts';

export interface DeadLetterPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  /** What could not be read, so that the page does not pass for whole. */
  readonly unread?: readonly string[];
}

export interface GroupsPageOptions extends DeadLetterPageOptions {
  readonly groups: readonly DeadLetterGroup[];
  /** Expired and cancelled ones are among them. */
  readonly all?: boolean;
  /** How far the counting is. */
  readonly standing?: readonly LetterStanding[];
  /** What people have said of causes, by their fingerprints. */
  readonly decisions?: ReadonlyMap<string, CauseDecision>;
  /** When they struck in the last day, by fingerprint: how many each hour. */
  readonly strikes?: ReadonlyMap<string, readonly number[]>;
  /** What is done in the background, the newest first. */
  readonly tasks?: readonly BulkTask[];
}

/** What failed, by cause, most frequent first. */
export function groupsPage({
  base,
  viewer,
  groups,
  all = false,
  standing = [],
  unread = [],
  decisions = new Map(),
  tasks = [],
  strikes = new Map(),
}: GroupsPageOptions): string {
  const body = html`<h1>Dead letters</h1>
    ${gaps(unread)} ${tasksTable(base, viewer, tasks)} ${tasks.length === 0 ? undefined : html`<h2>Causes</h2>`}
    ${
      groups.length === 0
        ? html`<p class="notice">
            Nothing has ended in failure. Here stands what did, by cause: how many, since when, and what you can do.
          </p>`
        : groupTable(base, viewer, groups, decisions, strikes)
    }
    ${counting(standing)}
    <p class="foot">
      Jobs, and events that a subscription or projection gave up, by cause: the same error, code and message, whatever
      numbers and ids stand in it.
      ${
        all
          ? html`<a href="${base}/dead-letters">Without what expired or was cancelled</a>.`
          : html`<a href="${base}/dead-letters?all=yes">With what expired or was cancelled</a>.`
      }
    </p>`;
  const refresh = hasRunning(tasks) ? { refreshSeconds: 3 } : {};
  return page({
    base,
    at: '/dead-letters',
    title: 'Dead letters',
    body: html`${body}${script(base)}`,
    viewer,
    ...refresh,
  });
}

/** What wants somebody comes first. */
const ORDER: Readonly<Record<CauseStanding['state'], number>> = { new: 0, known: 1, ignored: 2, resolved: 3 };

function groupTable(
  base: string,
  viewer: DeadLetterPageOptions['viewer'],
  groups: readonly DeadLetterGroup[],
  decisions: ReadonlyMap<string, CauseDecision>,
  strikes: ReadonlyMap<string, readonly number[]>,
): Html {
  const standings = groups.map(group => ({ group, standing: standingOf(group, decisions.get(group.fingerprint)) }));
  return table({
    label: 'Causes',
    columns: ['Cause', 'State', 'Count', 'Last day', 'First', 'Last', html`<span class="quiet">Act</span>`],
    rows: standings
      .toSorted((one, other) => ORDER[one.standing.state] - ORDER[other.standing.state])
      .map(
        ({ group, standing }) =>
          html`<tr>
            <th scope="row">
              <a href="${base}/dead-letters?cause=${encodeURIComponent(group.fingerprint)}"
                >${firstLine(group.reason)}</a
              ><small>${kindOf(group)}${group.name} in ${group.queue}</small>
            </th>
            <td>${stateBadge(standing)}</td>
            <td class="bad">${group.count.toLocaleString('en-US')}</td>
            <td>${sparkline(strikes.get(group.fingerprint))}</td>
            <td class="when">${time(group.firstEndedAt)}</td>
            <td class="when">${time(group.lastEndedAt)}</td>
            <td>${letterActs(base, viewer.role, { fingerprint: group.fingerprint })}</td>
          </tr>`,
      ),
    texts: true,
  });
}

export interface ListPageOptions extends DeadLetterPageOptions {
  readonly letters: readonly DeadLetter[];
  readonly limit: number;
  /** Undefined when none is left. */
  readonly group?: DeadLetterGroup | undefined;
  readonly decision?: CauseDecision | undefined;
  /** In which the cause struck first. */
  readonly release?: string | undefined;
}

/** Those of one cause, newest first. */
export function listPage({
  base,
  viewer,
  letters,
  limit,
  unread = [],
  group,
  decision,
  release,
}: ListPageOptions): string {
  const [first] = letters;
  const body = html`<h1>${first === undefined ? 'Dead letters' : firstLine(first.reason)}</h1>
    <p><a href="${base}/dead-letters">All causes</a></p>
    ${gaps(unread)} ${first === undefined ? html`<p class="notice">None is left.</p>` : undefined}
    ${group === undefined ? undefined : aboutCause(base, viewer, group, standingOf(group, decision), release)}
    ${first === undefined ? undefined : letterActs(base, viewer.role, { fingerprint: first.fingerprint }, first.id)}
    ${table({
      label: 'Dead letters',
      columns: ['Id', 'Ended', 'Attempts'],
      rows: letters.map(
        letter =>
          html`<tr>
            <th scope="row">
              <a href="${base}/dead-letters/${encodeURIComponent(letter.id)}">${letter.id}</a>${
                letter.kind === 'job'
                  ? html`<small
                      >${jobLink(base, shownJobId({ queue: letter.queue, id: letter.id }), 'its story')}</small
                    >`
                  : undefined
              }
            </th>
            <td>${time(letter.endedAt)}</td>
            <td>${letter.attemptsMade}${letter.damaged === undefined ? '' : ', damaged'}</td>
          </tr>`,
      ),
      texts: true,
    })}
    ${letters.length === limit ? html`<p class="foot">The newest ${limit}.</p>` : undefined}`;
  return page({ base, at: '/dead-letters', title: 'Dead letters', body: html`${body}${script(base)}`, viewer });
}

function aboutCause(
  base: string,
  viewer: DeadLetterPageOptions['viewer'],
  group: DeadLetterGroup,
  standing: CauseStanding,
  release: string | undefined,
): Html {
  return html`<p>
      ${stateBadge(standing)} ${group.count.toLocaleString('en-US')} since
      ${time(group.firstEndedAt)}${release === undefined ? undefined : html`, first in release <strong>${release}</strong>`},
      the last at ${time(group.lastEndedAt)}.
    </p>
    ${mayAct(viewer.role, 'operator') ? causeActs(base, group.fingerprint, standing) : undefined}`;
}

export interface DetailsPageOptions extends DeadLetterPageOptions {
  readonly letter: DeadLetterDetails;
}

/** One: why it ended, its data (redacted), and where it has been. */
export function detailsPage({ base, viewer, letter }: DetailsPageOptions): string {
  const { kind, what, id, name, queue, reason, data, history, errors, replays, fingerprint, provenance } = letter;
  const body = html`<h1>${firstLine(reason)}</h1>
    <p><a href="${base}/dead-letters?cause=${encodeURIComponent(fingerprint)}">All of this cause</a></p>
    ${
      letter.damaged === undefined
        ? undefined
        : html`<p class="problem" role="alert">This letter is damaged: ${letter.damaged}</p>`
    }
    ${letterActs(base, viewer.role, { ids: [id] })}
    <dl class="pairs card">
      <dt>${what}</dt>
      <dd>${name} in ${queue}</dd>
      <dt>Id</dt>
      <dd>${kind === 'job' ? jobLink(base, shownJobId({ queue, id })) : id}</dd>
      <dt>Came in</dt>
      <dd>${time(letter.enqueuedAt)}</dd>
      ${pair(letter.firstFailedAt !== undefined, 'First failed', time(letter.firstFailedAt))}
      <dt>Ended</dt>
      <dd>${time(letter.endedAt)}</dd>
      ${pair(replays > 0, 'Replayed', `${replays} times`)}
      ${Object.entries(provenance).flatMap(([label, value]) => pair(value !== undefined, label, value ?? '') ?? [])}
      <dt>Data</dt>
      <dd><pre>${shortened(JSON.stringify(data, null, 2) ?? 'none', DATA_SHOWN)}</pre></dd>
    </dl>
    ${history.length === 0 ? undefined : historyOf(history)}
    ${
      errors.length === 0
        ? undefined
        : html`<h2>Last error</h2>
            <pre class="card scroll" tabindex="0">${errors.at(-1) ?? ''}</pre>`
    }`;
  return page({ base, at: '/dead-letters', title: 'Dead letter', body: html`${body}${script(base)}`, viewer });
}

/** Characters: another program may have written megabytes. */
const DATA_SHOWN = 300_000;

function kindOf({ kind, what }: DeadLetterGroup): string {
  return kind === 'job' ? '' : `${what} `;
}

/** How many letters the causes do not count yet, and when the causes were last compared with the queues. */
function counting(standing: readonly LetterStanding[]): Html | undefined {
  if (standing.length === 0) return undefined;
  const uncounted = standing.filter(({ kept, counted }) => kept > counted);
  const left = uncounted.reduce((sum, { kept, counted }) => sum + kept - counted, 0);
  const compared = standing.filter(({ kept, queue }) => kept > 0 && queue !== undefined);
  const since = compared.map(({ comparedAt }) => comparedAt);
  const oldest = since.includes(undefined) ? undefined : Math.min(...since.filter(at => at !== undefined));
  return html`${
    left === 0
      ? undefined
      : html`<p class="problem" role="alert">
          ${left.toLocaleString('en-US')} more in ${uncounted.map(({ queue, kind }) => queue ?? kind).join(', ')} are
          not counted yet: the workers do it in the background.
        </p>`
  }
  ${
    compared.length === 0
      ? undefined
      : html`<p class="foot">
          Counted as jobs die;
          ${oldest === undefined ? 'not yet compared' : html`last compared <time>${time(oldest)}</time>`} with what the
          queues keep.
        </p>`
  }`;
}

function pair(shown: boolean, label: string, value: string): Html | undefined {
  return shown
    ? html`<dt>${label}</dt>
        <dd>${value}</dd>`
    : undefined;
}

function gaps(unread: readonly string[]): Html | undefined {
  return unread.length === 0
    ? undefined
    : html`<p class="problem" role="alert">
        Dead letters of kind ${unread.join(' and ')} could not be read now: they are missing here.
      </p>`;
}

function historyOf(history: DeadLetterDetails['history']): Html {
  return html`<h2>Where it has been</h2>
    <ol class="history card">
      ${history.map(line =>
        line.what === 'replayed'
          ? html`<li><time>${time(line.at)}</time> replayed by ${line.by}</li>`
          : html`<li>
              <time>${time(line.at)}</time> attempt ${line.attempt} on ${line.worker}, after ${line.ranMs} ms, version
              ${line.version ?? 'unknown'}: ${line.error}: ${line.message}
              ${line.dead === undefined ? undefined : html`<strong class="bad">${line.dead}</strong>`}
            </li>`,
      )}
    </ol>`;
}

function script(base: string): Html {
  return html`<script defer src="${base}/assets/act.js"></script>`;
}

function firstLine(reason: string): string {
  return (reason.split('\n', 1)[0] ?? '').slice(0, 200) || 'without a reason';
}
