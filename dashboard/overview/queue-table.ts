import type { App } from '../../src/contracts/index.ts';
import type { Flow, FlowMinute, Flows, QueueFigures, QueueFlow, Work } from '../../src/standing/index.ts';
import { age } from '../../src/time/index.ts';
import { duration } from '../jobs/words.ts';
import { folded, html, type Html } from '../pages/html.ts';
import { sparkBars } from '../pages/spark-bars.ts';
import { table } from '../pages/table.ts';
import { ageClass, failingClass, NONE, number, percent, rate, UNKNOWN } from './figures.ts';
import { drainText } from './strip.ts';

export interface QueueTableOptions {
  readonly base: string;
  readonly work: Work;
  /** Undefined where the journal cannot be read. */
  readonly flows: Flows | undefined;
  /** Whose public tags are named. */
  readonly contracts: App['jobs'];
}

const FAILING = { head: 'Failing', counts: 'Attempts that failed, of those that ended in the last 15 minutes' };
const QUEUE_P95 = { head: 'Queue p95', counts: 'Time in queue that 95 of 100 did not exceed, in the last 15 minutes' };
const RUN_P95 = { head: 'Run p95', counts: 'Run time that 95 of 100 attempts did not exceed, in the last 15 minutes' };
const OUT = { head: 'Out', counts: 'Jobs that ended a second, in the last three minutes' };

const COLUMNS = [
  'Queue',
  { head: 'Waiting', counts: 'Jobs that are due and wait, held ones among them' },
  { head: 'Held', counts: 'Waiting jobs that limits and pauses have set aside, and for how long the oldest' },
  'Running',
  'Delayed',
  { head: 'Oldest due', counts: 'For how long the job has been due that no worker has taken' },
  { head: 'In', counts: 'Jobs that came a second, in the last three minutes' },
  OUT,
  FAILING,
  QUEUE_P95,
  RUN_P95,
  { head: 'Busy', counts: 'How much of the slots of its processes is in use, in the last three minutes' },
  { head: 'Drains in', counts: 'Until what waits and is not held has been started, at the present rates' },
  { head: 'Dead', counts: 'Jobs that ended in failure, expired or were cancelled, as far as they are kept' },
  { head: 'Workers', counts: 'Processes that serve it' },
  { head: 'Last hour', counts: 'Jobs that ended, a bar a minute; what failed in another colour' },
] as const;

/** Every queue in a row, with its contracts folded up under it. */
export function queueTable(options: QueueTableOptions): Html {
  const { queues } = options.work;
  return html`${table({
    label: 'Queues',
    dense: true,
    columns: COLUMNS,
    rows: queues.map(queue => row(options, queue)),
    below: queues.map(queue => contractsOf(options, queue)),
  })}
  ${legend()}`;
}

/** Heads are pointed at with a mouse: whoever has none reads it here. */
function legend(): Html {
  return folded(
    'What the columns count',
    html`<dl class="pairs">
      ${COLUMNS.flatMap(column =>
        typeof column === 'string'
          ? []
          : [
              html`<dt>${column.head}</dt>
                <dd>${column.counts}</dd>`,
            ],
      )}
    </dl>`,
  );
}

function row({ base, flows }: QueueTableOptions, queue: QueueFigures): Html {
  const link = `${base}/queues/queue/${encodeURIComponent(queue.name)}`;
  const cell = (count: number, status: string, kind = ''): Html =>
    count === 0
      ? html`<td class="zero">0</td>`
      : html`<td><a class="${kind}" href="${link}?status=${status}">${number(count)}</a></td>`;
  const { oldestDueMs, oldestHeldMs, held } = queue;
  return html`<tr>
    <th scope="row">
      <a href="${link}">${queue.name}</a>${queue.paused ? html`<span class="badge warn">paused</span>` : undefined}
    </th>
    ${cell(queue.waiting, 'prioritized')}
    ${
      held === 0 || oldestHeldMs === undefined
        ? cell(held, 'prioritized')
        : html`<td><a href="${link}?status=prioritized">${number(held)}</a> <small>${age(oldestHeldMs)}</small></td>`
    }
    ${cell(queue.running, 'active')} ${cell(queue.delayed, 'delayed')}
    <td class="${oldestDueMs === undefined ? 'zero' : ageClass(oldestDueMs)}">
      ${oldestDueMs === undefined ? NONE : age(oldestDueMs)}
    </td>
    ${flowCells(base, queue, flows?.queues.get(queue.name))} ${cell(queue.dead, 'failed', 'warn')}
    <td class="${queue.workers === 0 ? 'bad' : ''}">
      ${queue.workers === undefined ? UNKNOWN : number(queue.workers)}
    </td>
    ${lastHour(base, queue.name, flows?.queues.get(queue.name)?.lastHour)}
  </tr>`;
}

function flowCells(base: string, { name }: QueueFigures, flow: QueueFlow | undefined): Html {
  if (flow === undefined) return html`${Array.from({ length: 7 }, () => html`<td class="soft">${UNKNOWN}</td>`)}`;
  const { inPerSecond, utilisation, drainSeconds } = flow;
  const history = `${base}/history?queue=${encodeURIComponent(name)}`;
  return html`<td class="${inPerSecond === 0 ? 'zero' : ''}">
      ${inPerSecond === undefined ? UNKNOWN : inPerSecond === 0 ? '0' : html`<a href="${history}">${rate(inPerSecond)}</a>`}
    </td>
    ${outCell(flow, history)} ${shareCells(flow, `${base}/jobs?queue=${encodeURIComponent(name)}&state=dead`)}
    <td class="${utilisation === undefined || utilisation === 0 ? 'zero' : utilisation >= 0.95 ? 'warn' : ''}">
      ${utilisation === undefined ? NONE : percent(utilisation)}
    </td>
    <td class="${drainSeconds === undefined ? 'warn' : drainSeconds === 0 ? 'zero' : ''}">
      ${drainText(drainSeconds)}
    </td>`;
}

function outCell({ outPerSecond }: Flow, history: string): Html {
  if (outPerSecond === 0) return html`<td class="zero">0</td>`;
  return html`<td><a href="${history}">${rate(outPerSecond)}</a></td>`;
}

/** What failed, and how long it waited and ran. */
function shareCells({ failing, waitedP95Ms, ranP95Ms }: Flow, dead: string): Html {
  const shown = failing === undefined ? NONE : percent(failing);
  return html`<td class="${failingClass(failing)}">${failing ? html`<a href="${dead}">${shown}</a>` : shown}</td>
    ${[waitedP95Ms, ranP95Ms].map(ms => html`<td class="${ms === undefined ? 'zero' : ''}">${duration(ms)}</td>`)}`;
}

function lastHour(base: string, name: string, minutes: readonly FlowMinute[] | undefined): Html {
  if (minutes === undefined) return html`<td class="soft">${UNKNOWN}</td>`;
  const sum = (of: (minute: FlowMinute) => number): number => minutes.reduce((total, each) => total + of(each), 0);
  const [ended, failed] = [sum(each => each.ended), sum(each => each.failed)];
  if (ended + failed === 0) return html`<td class="zero">none ended</td>`;
  const text = `${number(ended)} ended in the last hour, ${number(failed)} attempts failed`;
  const bars = sparkBars(
    minutes.map(each => each.ended),
    text,
    minutes.map(each => each.failed),
  );
  return html`<td><a href="${base}/history?queue=${encodeURIComponent(name)}">${bars}</a></td>`;
}

/** What the contracts of a queue do: a table of its own, folded. */
function contractsOf(
  { base, work, flows, contracts }: QueueTableOptions,
  { name: queue }: QueueFigures,
): Html | undefined {
  const own = [...(flows?.queues.get(queue)?.contracts ?? [])];
  if (own.length === 0) return undefined;
  return folded(
    `${own.length} ${own.length === 1 ? 'contract' : 'contracts'} of ${queue}`,
    table({
      label: `Contracts of ${queue}`,
      columns: ['Contract', OUT, FAILING, QUEUE_P95, RUN_P95, 'Last death', 'Public tags'],
      rows: own.map(([name, flow]) => {
        const asked = `contract=${encodeURIComponent(name)}`;
        const shown = [...(contracts.get(name)?.tags?.shown ?? [])];
        return html`<tr>
          <th scope="row"><a href="${base}/jobs?${asked}">${name}</a></th>
          ${outCell(flow, `${base}/history?${asked}`)} ${shareCells(flow, `${base}/jobs?${asked}&state=dead`)}
          ${lastDeath(base, work, name)}
          <td class="${shown.length === 0 ? 'zero' : ''}">${shown.length === 0 ? NONE : shown.join(', ')}</td>
        </tr>`;
      }),
    }),
  );
}

/** Of the causes that are kept. */
function lastDeath(base: string, { causes, now }: Work, contract: string): Html {
  const last = causes
    .filter(({ kind, name }) => kind === 'job' && name === contract)
    .toSorted((a, b) => (b.lastEndedAt ?? 0) - (a.lastEndedAt ?? 0))[0];
  if (last?.lastEndedAt === undefined) return html`<td class="zero">${NONE}</td>`;
  const link = `${base}/dead-letters?cause=${encodeURIComponent(last.fingerprint)}`;
  return html`<td><a href="${link}">${age(Math.max(0, now - last.lastEndedAt))} ago</a></td>`;
}
