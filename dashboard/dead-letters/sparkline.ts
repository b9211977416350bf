import { html, type Html } from '../pages/html.ts';

/** Of a day, an hour each. */
export const DAY = { stepMs: 3_600_000, steps: 24 } as const;

const WIDTH = 96;
const HEIGHT = 24;

/** When the jobs of a cause died in the last day, a bar an hour. What it shows stands in its text as well. */
export function sparkline(counts: readonly number[] | undefined): Html {
  const most = Math.max(0, ...(counts ?? []));
  if (counts === undefined || most === 0) return html`<span class="soft">none in the last day</span>`;
  const step = WIDTH / counts.length;
  const bars = counts.map((count, at) => {
    const height = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT);
    return html`<rect
      x="${(at * step).toFixed(1)}"
      y="${(HEIGHT - height).toFixed(1)}"
      width="${(step - 1).toFixed(1)}"
      height="${height.toFixed(1)}"
    />`;
  });
  return html`<svg
    class="spark"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    role="img"
    aria-label="${textOf(counts, most)}"
  >
    <title>${textOf(counts, most)}</title>
    ${bars}
  </svg>`;
}

function textOf(counts: readonly number[], most: number): string {
  const sum = counts.reduce((total, count) => total + count, 0);
  const hours = counts.length - 1 - counts.lastIndexOf(most);
  const when = hours === 0 ? 'in the last hour' : hours === 1 ? 'an hour ago' : `${hours} hours ago`;
  return `${sum.toLocaleString('en-US')} in the last ${counts.length} hours, most of them ${when} (${most.toLocaleString('en-US')})`;
}
