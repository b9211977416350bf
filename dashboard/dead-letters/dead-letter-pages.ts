import type { DeadLetter, DeadLetterDetails, DeadLetterGroup, DeadLetterKind } from '../../src/dead-letters/index.ts';
import { html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';

export interface DeadLetterPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  /** What could not be read, so that the page does not pass for whole. */
  readonly unread?: readonly DeadLetterKind[];
}

export interface GroupsPageOptions extends DeadLetterPageOptions {
  readonly groups: readonly DeadLetterGroup[];
  /** Expired and cancelled ones are among them. */
  readonly all?: boolean;
}

/** What failed, by cause, most frequent first. */
export function groupsPage({ base, viewer, groups, all = false, unread = [] }: GroupsPageOptions): string {
  const body = html`<h1>Dead letters</h1>
    ${gaps(unread)}
    ${groups.length === 0 ? html`<p class="notice">Nothing has ended in failure.</p>` : groupTable(base, viewer, groups)}
    <p class="foot">
      Jobs, and events that a subscription or projection gave up, by cause: the same error, code and message, whatever
      numbers and ids stand in it.
      ${
        all
          ? html`<a href="${base}/dead-letters">Without what expired or was cancelled</a>.`
          : html`<a href="${base}/dead-letters?all=yes">With what expired or was cancelled</a>.`
      }
    </p>`;
  return page({ base, title: 'Dead letters', body: html`${body}${script(base)}`, viewer });
}

function groupTable(base: string, viewer: DeadLetterPageOptions['viewer'], groups: readonly DeadLetterGroup[]): Html {
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="Causes">
    <table class="texts">
      <thead>
        <tr>
          <th scope="col">Cause</th>
          <th scope="col">Count</th>
          <th scope="col">Last</th>
          <th scope="col"><span class="quiet">Act</span></th>
        </tr>
      </thead>
      <tbody>
        ${groups.map(
          group =>
            html`<tr>
              <th scope="row">
                <a href="${base}/dead-letters?cause=${encodeURIComponent(group.fingerprint)}"
                  >${firstLine(group.reason)}</a
                ><small>${kindOf(group)}${group.name} in ${group.queue}</small>
              </th>
              <td class="bad">${group.count.toLocaleString('en-US')}</td>
              <td>${time(group.lastEndedAt)}</td>
              <td>${acts(base, viewer, { fingerprint: group.fingerprint })}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export interface ListPageOptions extends DeadLetterPageOptions {
  readonly letters: readonly DeadLetter[];
  readonly limit: number;
}

/** Those of one cause, newest first. */
export function listPage({ base, viewer, letters, limit, unread = [] }: ListPageOptions): string {
  const [first] = letters;
  const body = html`<h1>${first === undefined ? 'Dead letters' : firstLine(first.reason)}</h1>
    <p><a href="${base}/dead-letters">All causes</a></p>
    ${gaps(unread)} ${first === undefined ? html`<p class="notice">None is left.</p>` : undefined}
    ${first === undefined ? undefined : acts(base, viewer, { fingerprint: first.fingerprint })}
    <div class="card scroll" tabindex="0" role="region" aria-label="Dead letters">
      <table class="texts">
        <thead>
          <tr>
            <th scope="col">Id</th>
            <th scope="col">Ended</th>
            <th scope="col">Attempts</th>
          </tr>
        </thead>
        <tbody>
          ${letters.map(
            letter =>
              html`<tr>
                <th scope="row"><a href="${base}/dead-letters/${encodeURIComponent(letter.id)}">${letter.id}</a></th>
                <td>${time(letter.endedAt)}</td>
                <td>${letter.attemptsMade}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${letters.length === limit ? html`<p class="foot">The newest ${limit}.</p>` : undefined}`;
  return page({ base, title: 'Dead letters', body: html`${body}${script(base)}`, viewer });
}

export interface DetailsPageOptions extends DeadLetterPageOptions {
  readonly letter: DeadLetterDetails;
}

/** One: why it ended, its data (redacted), and where it has been. */
export function detailsPage({ base, viewer, letter }: DetailsPageOptions): string {
  const { kind, id, name, queue, reason, data, history, errors, replays, fingerprint, provenance } = letter;
  const body = html`<h1>${firstLine(reason)}</h1>
    <p><a href="${base}/dead-letters?cause=${encodeURIComponent(fingerprint)}">All of this cause</a></p>
    ${acts(base, viewer, { ids: [id] })}
    <dl class="pairs card">
      <dt>${KINDS[kind]}</dt>
      <dd>${name} in ${queue}</dd>
      <dt>Id</dt>
      <dd>${id}</dd>
      <dt>${kind === 'job' ? 'Enqueued' : 'Published'}</dt>
      <dd>${time(letter.enqueuedAt)}</dd>
      ${pair(kind === 'job', 'First failed', time(letter.firstFailedAt))}
      <dt>Ended</dt>
      <dd>${time(letter.endedAt)}</dd>
      ${pair(kind === 'job', 'Replayed', replays === 0 ? 'never' : `${replays} times`)}
      ${Object.entries(provenance).flatMap(([label, value]) => pair(value !== undefined, label, value ?? '') ?? [])}
      <dt>Data</dt>
      <dd><pre>${JSON.stringify(data, null, 2)}</pre></dd>
    </dl>
    ${history.length === 0 ? undefined : historyOf(history)}
    ${
      errors.length === 0
        ? undefined
        : html`<h2>Last error</h2>
            <pre class="card scroll" tabindex="0">${errors.at(-1) ?? ''}</pre>`
    }`;
  return page({ base, title: 'Dead letter', body: html`${body}${script(base)}`, viewer });
}

const KINDS = { job: 'Job', event: 'Event', projection: 'Event of a projection' } as const;

function kindOf({ kind }: DeadLetterGroup): string {
  return kind === 'job' ? '' : `${KINDS[kind]} `;
}

function pair(shown: boolean, label: string, value: string): Html | undefined {
  return shown
    ? html`<dt>${label}</dt>
        <dd>${value}</dd>`
    : undefined;
}

function gaps(unread: readonly DeadLetterKind[]): Html | undefined {
  const what = unread.map(kind =>
    kind === 'event' ? 'of subscriptions' : kind === 'job' ? 'of queues' : 'of projections',
  );
  return unread.length === 0
    ? undefined
    : html`<p class="problem" role="alert">
        Dead letters ${what.join(' and ')} could not be read now: they are missing here.
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

/** The buttons that this person may press. */
function acts(base: string, { role }: DeadLetterPageOptions['viewer'], what: object): Html | undefined {
  if (!mayAct(role, 'operator')) return undefined;
  const json = JSON.stringify(what);
  const discard = mayAct(role, 'admin')
    ? html`<button
        class="quiet"
        hidden
        data-act="${base}/dead-letters/discard"
        data-what="${json}"
        data-verb="Discard"
        data-asks="Why may this be discarded? It is all that is kept."
      >
        Discard …
      </button>`
    : undefined;
  return html`<div class="acts" data-acts>
    <button class="quiet" hidden data-act="${base}/dead-letters/replay" data-what="${json}" data-verb="Replay">
      Replay …
    </button>
    ${discard}<output aria-live="polite"></output>
  </div>`;
}

function script(base: string): Html {
  return html`<script defer src="${base}/assets/act.js"></script>`;
}

function time(ms: number | undefined): string {
  return ms === undefined ? '–' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function firstLine(reason: string): string {
  return (reason.split('\n', 1)[0] ?? '').slice(0, 200) || 'without a reason';
}
