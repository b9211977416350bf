import { html, type Html } from '../pages/html.ts';
import { sparkBars } from '../pages/spark-bars.ts';

/** Of a day, an hour each. */
export const DAY = { stepMs: 3_600_000, steps: 24 } as const;

/** When the jobs of a cause died in the last day, a bar an hour. */
export function sparkline(counts: readonly number[] | undefined): Html {
  const most = Math.max(0, ...(counts ?? []));
  if (counts === undefined || most === 0) return html`<span class="soft">none in the last day</span>`;
  return sparkBars(counts, textOf(counts, most));
}

function textOf(counts: readonly number[], most: number): string {
  const sum = counts.reduce((total, count) => total + count, 0);
  const hours = counts.length - 1 - counts.lastIndexOf(most);
  const when = hours === 0 ? 'in the last hour' : hours === 1 ? 'an hour ago' : `${hours} hours ago`;
  return `${sum.toLocaleString('en-US')} in the last ${counts.length} hours, most of them ${when} (${most.toLocaleString('en-US')})`;
}
