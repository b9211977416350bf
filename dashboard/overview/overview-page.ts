import type { Pause } from '../../src/queue/index.ts';
import { actButton, acts } from '../pages/acts.ts';
import { folded, html, type Html } from '../pages/html.ts';
import { page, type PageOptions } from '../pages/layout.ts';
import { table } from '../pages/table.ts';
import { age } from '../../src/time/index.ts';
import { spaceTable, spaceTile } from './space-view.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { conditionsOf, type Overview, type QueueFigures, type Work } from '../../src/standing/index.ts';

export interface OverviewPageOptions extends Pick<PageOptions, 'base'> {
  readonly viewer: NonNullable<PageOptions['viewer']> & { readonly role: Role };
  readonly engine: string;
  /** Undefined while the engine does not answer. */
  readonly work: Work | undefined;
  /** What stands in the way, in our words. */
  readonly problems: readonly string[];
  /** Whether there is a page of the event store's projections. */
  readonly hasProjections?: boolean;
  /** Whether alerts go anywhere: an admin may send one to see. */
  readonly testsAlerts?: boolean;
  /** Rates and times in queue; left out where nobody keeps a journal. */
  readonly history?: Html | undefined;
}

const REFRESH_SECONDS = 10;
const SLOW_MS = 60_000;
const STUCK_MS = 10 * 60_000;
/** Of what is wrong, what needs a person first: so many lines stand open where there are more than can be read at a glance. */
const LINES = 8;
const MOST_LINES = 10;

export function overviewPage(options: OverviewPageOptions): string {
  const { base, viewer, engine, work, problems, hasProjections = false, testsAlerts = false, history } = options;
  const body = html`<h1>Overview</h1>
    ${problems.map(problem => html`<p class="problem" role="alert">${problem}</p>`)}
    ${work === undefined ? undefined : html`${standing(base, work)} ${tiles(base, work)} ${history} ${queueTable(base, work)} ${pauseList(work)} ${spaceTable(work.space)}`}
    ${hasProjections ? html`<p><a href="${base}/projections">Projections of the event store</a></p>` : undefined}
    <p class="foot" data-age>Queues on ${engine}. Renewed every ${REFRESH_SECONDS} seconds.</p>
    ${
      work?.queues.some(({ isEstimate }) => isEstimate)
        ? html`<p class="foot">Of what there are more than 100,000, PostgreSQL's own estimate is shown.</p>`
        : undefined
    }
    <p class="foot">
      Dead jobs are those that ended in failure, expired or were cancelled. Held jobs are those that limits and pauses
      have set aside; they are among those that wait.
    </p>
    ${testsAlerts && mayAct(viewer.role, 'admin') ? testAct(base) : undefined}`;
  return page({ base, at: '/', title: 'Overview', body, viewer, refreshSeconds: REFRESH_SECONDS });
}

function testAct(base: string): Html {
  const act = actButton({ path: `${base}/alerts/test`, what: {}, verb: 'Send', label: 'Send a test alert' });
  return html`${acts(act)}
    <script defer src="${base}/assets/act.js"></script>`;
}

/** The line at the top, computed from the work: what is wrong, what will happen by itself, where to act. */
function standing(base: string, work: Work): Html {
  const conditions = conditionsOf(work);
  const needing = conditions.filter(({ needsYou }) => needsYou).length;
  if (conditions.length === 0) {
    return html`<p class="notice">All is well: nothing has been due for a minute, and no destination is sick.</p>`;
  }
  const lines = conditions.map(
    ({ kind, needsYou, text, link }) =>
      html`<li>
        <span class="badge ${needsYou ? 'bad' : 'warn'}">${kind}</span>
        <span>${text}</span>
        <a href="${base}${link.path}">${link.label}</a>
      </li>`,
  );
  // One outage makes many queues late: the figures below it must stay in reach.
  const first = lines.length <= MOST_LINES ? lines : lines.slice(0, LINES);
  const others = lines.slice(first.length);
  return html`<section class="standing ${needing > 0 ? 'urgent' : ''}" aria-labelledby="standing">
    <h2 id="standing">${sentence(needing, conditions.length - needing)}</h2>
    <ul>
      ${first}
    </ul>
    ${
      others.length === 0
        ? undefined
        : folded(
            `${others.length} more`,
            html`<ul>
              ${others}
            </ul>`,
          )
    }
  </section>`;
}

function sentence(needing: number, others: number): string {
  if (needing === 0) return others === 1 ? 'One thing to know' : `${others} things to know`;
  const need = needing === 1 ? 'One thing needs you' : `${needing} things need you`;
  return others === 0 ? need : `${need}, ${others} to know`;
}

function tiles(base: string, { queues, workers, space }: Work): Html {
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
    ${spaceTile(space)}
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

function queueTable(base: string, { queues }: Overview): Html {
  return table({
    label: 'Queues',
    columns: [
      'Queue',
      'Waiting',
      'Held',
      'Oldest held',
      'Oldest due',
      'Running',
      'Delayed',
      'Dead',
      'Succeeded',
      'Workers',
    ],
    rows: queues.map(queue => row(base, queue)),
  });
}

/** The whole queues among them have their badge as well. */
function pauseList({ pauses = [] }: Overview): Html | undefined {
  if (pauses.length === 0) return undefined;
  return html`<h2>Paused</h2>
    <ul class="pauses">
      ${pauses.map(pause => html`<li>${pauseText(pause)}</li>`)}
    </ul>`;
}

function pauseText({ of, kind, by, reason }: Pause): string {
  const part = of.contract === undefined ? of.group && `group ${of.group}` : `contract ${of.contract}`;
  const what = part === undefined ? `the queue ${of.queue}` : `${part} of ${of.queue}`;
  const who = kind === 'breaker' ? 'by a breaker' : by === undefined ? 'by another program' : `by ${by}`;
  return `${what}, ${who}${reason === undefined ? '' : `: ${reason}`}`;
}

function row(base: string, queue: QueueFigures): Html {
  const link = `${base}/queues/queue/${encodeURIComponent(queue.name)}`;
  const cell = (count: number, status: string, kind = ''): Html =>
    count === 0
      ? html`<td class="zero">0</td>`
      : html`<td><a class="${kind}" href="${link}?status=${status}">${number(count)}</a></td>`;
  const { oldestDueMs, oldestHeldMs } = queue;
  return html`<tr>
    <th scope="row">
      <a href="${link}">${queue.name}</a>${queue.paused ? html`<span class="badge warn">paused</span>` : undefined}
    </th>
    ${cell(queue.waiting, 'prioritized')} ${cell(queue.held, 'prioritized')}
    <td class="${oldestHeldMs === undefined ? 'zero' : ''}">${oldestHeldMs === undefined ? '–' : age(oldestHeldMs)}</td>
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
