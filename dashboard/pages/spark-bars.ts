import { html, type Html } from './html.ts';

const WIDTH = 96;
const HEIGHT = 24;

/** Small bars from left to right, and a part of each in the colour of what failed. What they show stands in their text as well. */
export function sparkBars(counts: readonly number[], text: string, failed?: readonly number[]): Html {
  const most = Math.max(1, ...counts, ...(failed ?? []));
  const step = WIDTH / counts.length;
  const bars = (of: readonly number[]): string =>
    of
      .map((count, at) => (count === 0 ? '' : `M${((at + 0.5) * step).toFixed(1)} ${HEIGHT}v-${heightOf(count, most)}`))
      .join('');
  const width = (step - Math.min(1, step / 4)).toFixed(1);
  return html`<svg
    class="spark"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    role="img"
    aria-label="${text}"
  >
    <title>${text}</title>
    <path class="${failed === undefined ? 'spark-bad' : 'spark-all'}" stroke-width="${width}" d="${bars(counts)}" />
    ${failed === undefined ? undefined : html`<path class="spark-bad" stroke-width="${width}" d="${bars(failed)}" />`}
  </svg>`;
}

/** The smallest is seen beside the largest. */
function heightOf(count: number, most: number): string {
  return Math.max(2, (count / most) * HEIGHT).toFixed(1);
}
