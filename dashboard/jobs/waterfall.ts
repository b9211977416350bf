import type { RunOutcome } from '../../src/journal/index.ts';
import { folded, html, type Html } from '../pages/html.ts';
import { table } from '../pages/table.ts';
import { attemptsOf, childRunsOf, type Attempt } from './attempts.ts';
import type { ReadJob } from './read-job.ts';
import { duration, instant, jobLink, OUTCOME_WORDS } from './words.ts';

interface Row {
  readonly label: string;
  readonly text: string;
  readonly waitedFrom?: number;
  readonly startedAt?: number | undefined;
  readonly to: number;
  readonly kind: Kind;
}

type Kind = 'good' | 'bad' | 'warn';

/** The latest; what is older stands in the story. */
const ATTEMPTS_SHOWN = 30;
const CHILDREN_SHOWN = 20;
const WIDTH = 560;
const LEFT = 122;
const ROW = 26;
const BAR = 14;
const BOTTOM = 26;
/** What took no time is seen still. */
const LEAST = 2.5;

const WORDS: Readonly<Record<Attempt['came'], string>> = { ...OUTCOME_WORDS, running: 'running', waits: 'waits' };
const SIGNS: Readonly<Record<Attempt['came'], readonly [string, Kind]>> = {
  succeeded: ['✓', 'good'],
  divided: ['✓', 'good'],
  running: ['▸', 'good'],
  waits: ['…', 'warn'],
  retried: ['✗', 'warn'],
  cancelled: ['–', 'warn'],
  expired: ['–', 'warn'],
  dead: ['✗', 'bad'],
};

/** Where its time went: what it waited, each attempt, and what lay between; its children beneath. Nothing where it has not begun. */
export function waterfall(base: string, job: ReadJob, now: number): Html | undefined {
  const all = attemptsOf(job);
  if (!all.some(({ startedAt }) => startedAt !== undefined)) return undefined;
  const attempts = all.slice(-ATTEMPTS_SHOWN);
  const children = childRunsOf(job).slice(0, CHILDREN_SHOWN);
  const rows: readonly Row[] = [
    ...attempts.map(({ attempt, waitedFrom, startedAt, endedAt, came, worker }) => ({
      label: labelOf(came, `attempt ${attempt}`),
      text: `attempt ${attempt}: waited ${duration((startedAt ?? endedAt ?? now) - waitedFrom)}${ranText(startedAt, endedAt ?? now)}, ${WORDS[came]}${worker === undefined ? '' : ` on ${worker}`}`,
      waitedFrom,
      startedAt,
      to: endedAt ?? now,
      kind: SIGNS[came][1],
    })),
    ...children.map(({ name, startedAt, endedAt, came }) => ({
      label: labelOf(came, name),
      text: `${name}${ranText(startedAt, endedAt)}, ${WORDS[came]}`,
      startedAt,
      to: endedAt,
      kind: SIGNS[came][1],
    })),
  ];
  return html`<h2>Where its time went</h2>
    ${picture(rows)}
    ${all.length > attempts.length ? html`<p class="foot">The last ${attempts.length} of ${all.length} attempts.</p>` : undefined}
    ${folded('In figures', figures(base, attempts, children, now))}`;
}

function picture(rows: readonly Row[]): Html {
  const from = Math.min(...rows.map(({ waitedFrom, startedAt, to }) => waitedFrom ?? startedAt ?? to));
  const length = Math.max(1, Math.max(...rows.map(({ to }) => to)) - from);
  const x = (at: number): number => LEFT + ((WIDTH - LEFT) * (at - from)) / length;
  const bottom = rows.length * ROW;
  return html`<figure class="chart waterfall card">
    <figcaption>
      <span class="key key-wait">waited</span>
      <span class="key key-b">✓ ▸ ran</span>
      <span class="key key-warn">✗ – tried again, cancelled, expired</span>
      <span class="key key-bad">✗ dead</span>
    </figcaption>
    <svg viewBox="0 0 ${WIDTH} ${bottom + BOTTOM}" aria-hidden="true" focusable="false">
      ${[0, 0.5, 1].map(
        part =>
          html`<line
              class="grid"
              x1="${fixed(x(from + part * length))}"
              x2="${fixed(x(from + part * length))}"
              y1="0"
              y2="${bottom}"
            />
            <text
              class="time"
              x="${fixed(x(from + part * length))}"
              y="${bottom + 14}"
              text-anchor="${part === 0 ? 'start' : part === 1 ? 'end' : 'middle'}"
            >
              ${part === 0 ? '0' : `+${duration(part * length)}`}
            </text>`,
      )}
      ${rows.map(({ label, text, waitedFrom, startedAt, to, kind }, index) => {
        const y = index * ROW;
        const bar = (of: string, start: number, end: number, least: number): Html =>
          html`<rect
            class="${of}"
            x="${fixed(Math.min(x(start), WIDTH - least))}"
            y="${y + (ROW - BAR) / 2}"
            width="${fixed(Math.max(least, x(end) - x(start)))}"
            height="${BAR}"
          />`;
        return html`<g>
          <title>${text}</title>
          <text x="${LEFT - 8}" y="${y + ROW / 2 + 4}" text-anchor="end">${label}</text>
          ${waitedFrom === undefined ? undefined : bar('wait', waitedFrom, startedAt ?? to, 0)}
          ${startedAt === undefined ? undefined : bar(`ran-${kind}`, startedAt, to, LEAST)}
        </g>`;
      })}
    </svg>
  </figure>`;
}

function figures(
  base: string,
  attempts: readonly Attempt[],
  children: ReturnType<typeof childRunsOf>,
  now: number,
): Html {
  return table({
    label: 'Where its time went, in figures',
    columns: ['Attempt', 'Waited', 'Began', 'Ran', 'Came to'],
    rows: [
      ...attempts.map(
        ({ attempt, waitedFrom, startedAt, endedAt, came }) =>
          html`<tr>
            <th scope="row">${attempt}</th>
            <td>${duration((startedAt ?? endedAt ?? now) - waitedFrom)}</td>
            <td>${instant(startedAt)}</td>
            <td>${startedAt === undefined ? '–' : duration((endedAt ?? now) - startedAt)}</td>
            <td>${WORDS[came]}</td>
          </tr>`,
      ),
      ...children.map(
        ({ id, name, startedAt, endedAt, came }) =>
          html`<tr>
            <th scope="row">${jobLink(base, id, name)}</th>
            <td>–</td>
            <td>${instant(startedAt)}</td>
            <td>${duration(endedAt - startedAt)}</td>
            <td>${WORDS[came]}</td>
          </tr>`,
      ),
    ],
  });
}

function labelOf(came: RunOutcome | 'running' | 'waits', name: string): string {
  return `${name.length > 12 ? `${name.slice(0, 11)}…` : name} ${SIGNS[came][0]}`;
}

function ranText(startedAt: number | undefined, to: number): string {
  return startedAt === undefined ? '' : `, ran ${duration(to - startedAt)}`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
