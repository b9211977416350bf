import { html, type Html } from '../pages/html.ts';

/** One line of a chart: a value for each point, undefined where there is none. */
export interface ChartLine {
  readonly name: string;
  /** Of a class of the stylesheet: `line-NAME`. */
  readonly kind: 'a' | 'b' | 'c';
  readonly values: readonly (number | undefined)[];
}

export interface ChartMark {
  /** Between 0 and 1 along the axis. */
  readonly at: number;
  readonly text: string;
  readonly kind: string;
}

export interface ChartOptions {
  readonly title: string;
  /** As a value stands beside the axis. */
  readonly shown: (value: number) => string;
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
  /** What each point says when it is pointed at, and where it leads. */
  readonly points: readonly { readonly text: string; readonly link: string }[];
  /** Beneath the axis, from left to right. */
  readonly times: readonly string[];
}

const WIDTH = 560;
const HEIGHT = 180;
const LEFT = 52;
const TOP = 14;
const BOTTOM = 22;

/** A chart drawn on the server. The same figures stand in a table, so it is hidden from those who do not see it. */
export function chart({ title, shown, lines, marks, points, times }: ChartOptions): Html {
  const top = niceTop(Math.max(0, ...lines.flatMap(({ values }) => values.filter(value => value !== undefined))));
  const x = (index: number): number => LEFT + ((WIDTH - LEFT) * (index + 0.5)) / Math.max(1, points.length);
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const ticks = [0, top / 2, top];
  return html`<figure class="chart card">
    <figcaption>
      <strong>${title}</strong>
      ${lines.map(({ name, kind }) => html`<span class="key key-${kind}">${name}</span>`)}
    </figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" focusable="false">
      ${ticks.map(
        tick =>
          html`<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}" />
            <text x="${LEFT - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${shown(tick)}</text>`,
      )}
      ${times.map(
        (time, index) =>
          html`<text
            class="time ${index % 2 === 1 ? 'between' : ''}"
            x="${fixed(LEFT + ((WIDTH - LEFT) * index) / Math.max(1, times.length - 1))}"
            y="${HEIGHT - 6}"
            text-anchor="${index === 0 ? 'start' : index === times.length - 1 ? 'end' : 'middle'}"
          >
            ${time}
          </text>`,
      )}
      ${marks.map(({ at, text, kind }) => {
        const place = fixed(LEFT + (WIDTH - LEFT) * at);
        return html`<g class="mark mark-${kind}">
          <line x1="${place}" x2="${place}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />
          <path d="M${place} ${TOP}l-4 -8h8z"><title>${text}</title></path>
        </g>`;
      })}
      ${lines.map(({ kind, values }) => html`<path class="line line-${kind}" d="${pathOf(values, x, y)}" />`)}
      ${points.map(
        ({ text, link }, index) =>
          html`<a href="${link}" tabindex="-1"
            ><rect
              class="hit"
              x="${fixed(x(index - 0.5))}"
              y="${TOP}"
              width="${fixed((WIDTH - LEFT) / Math.max(1, points.length))}"
              height="${HEIGHT - TOP - BOTTOM}"
              ><title>${text}</title></rect
            ></a
          >`,
      )}
    </svg>
  </figure>`;
}

/** A line, begun anew behind a gap; a point between two gaps is a short line, long enough to be seen. */
function pathOf(
  values: readonly (number | undefined)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    const place = `${fixed(x(index))} ${fixed(y(value))}`;
    const isAlone = values[index - 1] === undefined && values[index + 1] === undefined;
    if (isAlone) path += `M${fixed(x(index) - 3)} ${fixed(y(value))}h6`;
    else path += values[index - 1] === undefined ? `M${place}` : `L${place}`;
  }
  return path;
}

/** The next 1, 2 or 5 of a power of ten. */
export function niceTop(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find(step => step * power >= most) ?? 10) * power;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
