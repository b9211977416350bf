import type { Space } from '../../src/standing/index.ts';
import { bytesText } from '../../src/time/index.ts';
import { html, type Html } from '../pages/html.ts';
import { table } from '../pages/table.ts';

const NEARLY_FULL = 0.8;

/** How much the engine has stored, of how much it can. */
export function spaceTile(space: Space | undefined): Html | undefined {
  if (space === undefined) return undefined;
  const { usedBytes, limit } = space;
  const isFull = limit !== undefined && usedBytes >= NEARLY_FULL * limit.bytes;
  return html`<div>
    <dt>Stored</dt>
    <dd class="${isFull ? 'bad' : ''}">
      ${bytesText(usedBytes)}${limit?.of === 'maxmemory' ? html` <small>of ${bytesText(limit.bytes)}</small>` : undefined}
    </dd>
  </div>`;
}

/** What each queue takes, folded: who is told that there is much of it looks here for where. */
export function spaceTable(space: Space | undefined): Html | undefined {
  if (space === undefined || space.queues.length === 0) return undefined;
  return html`<details>
    <summary>What the queues take</summary>
    ${table({
      label: 'What the queues take',
      columns: ['Queue', 'Waiting', 'Running', 'Delayed', 'Dead', 'Succeeded', 'Events'],
      rows: space.queues.map(
        ({ name, bytes }) =>
          html`<tr>
            <th scope="row">${name}</th>
            ${[bytes.waiting, bytes.running, bytes.delayed, bytes.dead, bytes.succeeded, bytes.events].map(cell)}
          </tr>`,
      ),
    })}
    <p class="foot">Reckoned from a few jobs of each kind.</p>
  </details>`;
}

function cell(bytes: number): Html {
  return bytes === 0 ? html`<td class="zero">0</td>` : html`<td>${bytesText(bytes)}</td>`;
}
