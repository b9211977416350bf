import type { Flows, QueueFigures, Work } from '../../src/standing/index.ts';
import { age } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';
import { ageClass, failingClass, NONE, number, percent, rate, UNKNOWN } from './figures.ts';
import { spaceTile } from './space-view.ts';

/** All queues together, in a line of figures. `flows`: undefined where the journal cannot be read. */
export function strip(base: string, work: Work, flows: Flows | undefined): Html {
  const { queues, space } = work;
  const sum = (pick: (queue: QueueFigures) => number): number =>
    queues.reduce((total, queue) => total + pick(queue), 0);
  const oldest = Math.max(-1, ...queues.map(queue => queue.oldestDueMs ?? -1));
  const held = sum(queue => queue.held);
  return html`<dl class="tiles">
    ${flowTiles(flows?.all)}
    <div>
      <dt>Waiting</dt>
      <dd>
        ${number(sum(queue => queue.waiting))}${held === 0 ? undefined : html` <small>${number(held)} held</small>`}
      </dd>
    </div>
    <div>
      <dt>Running</dt>
      <dd>${number(sum(queue => queue.running))}</dd>
    </div>
    <div>
      <dt>Oldest due</dt>
      <dd class="${ageClass(oldest)}">${oldest < 0 ? NONE : age(oldest)}</dd>
    </div>
    ${drainTile(flows?.all)}
    <div>
      <dt>Dead</dt>
      <dd>
        ${deadLink(
          base,
          sum(queue => queue.dead),
        )}
      </dd>
    </div>
    ${spaceTile(space)}
    <div>
      <dt>Processes</dt>
      ${processes(work)}
    </div>
  </dl>`;
}

function flowTiles(all: Flows['all'] | undefined): Html {
  const failing = all?.failing;
  const failed = failing === undefined ? NONE : percent(failing);
  return html`<div>
      <dt>In</dt>
      <dd>${all?.inPerSecond === undefined ? UNKNOWN : rate(all.inPerSecond)}</dd>
    </div>
    <div>
      <dt>Out</dt>
      <dd>${all === undefined ? UNKNOWN : rate(all.outPerSecond)}</dd>
    </div>
    <div>
      <dt>Failing</dt>
      <dd class="${failing ? failingClass(failing) : ''}">${all === undefined ? UNKNOWN : failed}</dd>
    </div>`;
}

function drainTile(all: Flows['all'] | undefined): Html {
  const isNever = all !== undefined && all.drainSeconds === undefined;
  return html`<div>
    <dt>Drains in</dt>
    <dd class="${isNever ? 'warn' : ''}">${all === undefined ? UNKNOWN : drainText(all.drainSeconds)}</dd>
  </div>`;
}

export function drainText(seconds: number | undefined): string {
  if (seconds === undefined) return 'never';
  return seconds === 0 ? NONE : age(seconds * 1_000);
}

/** The engine counts what expired or was cancelled among them, so this is no alarm; the list that it leads to has them too. */
function deadLink(base: string, count: number): Html {
  return count === 0 ? html`0` : html`<a class="warn" href="${base}/dead-letters?all=yes">${number(count)}</a>`;
}

/** Hosts of ours say which of their processes answer; of other programs' workers there is only their number. */
function processes({ hosts, workers }: Work): Html {
  const ours = hosts.flatMap(host => host.workers ?? []);
  const answering = ours.filter(({ answers }) => answers).length;
  if (ours.length > 0) {
    return html`<dd class="${answering < ours.length ? 'bad' : ''}">
      ${number(answering)} of ${number(ours.length)} <small>answer</small>
    </dd>`;
  }
  return html`<dd class="${workers === 0 ? 'bad' : ''}">${workers === undefined ? 'unknown' : number(workers)}</dd>`;
}
