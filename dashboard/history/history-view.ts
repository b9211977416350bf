import { quantileOf, RANGES, type RangeName, type Series, type SeriesPoint } from '../../src/journal/index.ts';
import { html, type Html } from '../pages/html.ts';
import { table } from '../pages/table.ts';
import { duration } from '../jobs/words.ts';
import { chart, type ChartMark } from './chart.ts';

export interface HistoryViewOptions {
  readonly base: string;
  /** The page that it is on: its links to other ranges lead there. */
  readonly path: string;
  readonly range: RangeName;
  readonly queue?: string | undefined;
  readonly contract?: string | undefined;
  /** Undefined where the journal cannot be read. */
  readonly series: Series | undefined;
}

/** The range that an address asks for. */
export function rangeIn(value: unknown): RangeName {
  return Object.keys(RANGES).find((name): name is RangeName => name === value) ?? '1h';
}

/** Rates and times in queue over a range, with what happened meanwhile. */
export function historyCharts(options: HistoryViewOptions): Html {
  const { series } = options;
  return html`<section aria-labelledby="history">
    <h2 id="history" class="${options.path === '/history' ? 'said' : ''}">History</h2>
    ${ranges(options)}
    ${
      series === undefined
        ? html`<p class="problem" role="alert">The journal cannot be read now: there is no history to show.</p>`
        : html`<div class="charts">${rateChart(options, series)} ${waitChart(options, series)}</div>`
    }
  </section>`;
}

function ranges({ base, path, range, queue, contract }: HistoryViewOptions): Html {
  const search = (name: string): string => {
    const pairs = { range: name, ...(queue !== undefined && { queue }), ...(contract !== undefined && { contract }) };
    return new URLSearchParams(pairs).toString();
  };
  return html`<nav class="ranges" aria-label="Range">
    ${Object.keys(RANGES).map(name =>
      name === range
        ? html`<a href="${base}${path}?${search(name)}" aria-current="true">${name}</a>`
        : html`<a href="${base}${path}?${search(name)}">${name}</a>`,
    )}
    ${path === '/history' ? undefined : html`<a href="${base}/history?${search(range)}">As tables</a>`}
  </nav>`;
}

function rateChart(options: HistoryViewOptions, series: Series): Html {
  const { points, stepMs } = series;
  const minutes = stepMs / 60_000;
  const out = points.map(point => endedIn(point) / minutes);
  const failed = points.map(point => (point.dead + point.retried) / minutes);
  const came = points.map(point => (point.came === undefined ? undefined : point.came / minutes));
  const text = (index: number): string =>
    `out ${rateText(out[index] ?? 0)}, failed ${rateText(failed[index] ?? 0)} a minute`;
  return chart({
    title: 'Jobs a minute',
    shown: rateText,
    lines: [
      { name: 'in', kind: 'a', values: came },
      { name: 'out', kind: 'b', values: out },
      { name: 'failed', kind: 'c', values: failed },
    ],
    ...shared(options, series, text),
  });
}

function waitChart(options: HistoryViewOptions, series: Series): Html {
  const of = (part: number): readonly (number | undefined)[] =>
    series.points.map(({ waited }) => quantileOf(waited, part));
  const [p50, p95, p99] = [of(0.5), of(0.95), of(0.99)];
  const text = (index: number): string =>
    `p50 ${duration(p50[index])}, p95 ${duration(p95[index])}, p99 ${duration(p99[index])}`;
  return chart({
    title: 'Time in queue',
    shown: duration,
    lines: [
      { name: 'p50', kind: 'b', values: p50 },
      { name: 'p95', kind: 'a', values: p95 },
      { name: 'p99', kind: 'c', values: p99 },
    ],
    ...shared(options, series, text),
  });
}

function shared(
  options: HistoryViewOptions,
  { points, from, stepMs, marks }: Series,
  text: (index: number) => string,
): {
  readonly marks: readonly ChartMark[];
  readonly points: readonly { readonly text: string; readonly link: string }[];
  readonly times: readonly string[];
} {
  const length = points.length * stepMs;
  return {
    marks: marks
      .filter(mark => options.queue === undefined || mark.queue === undefined || mark.queue === options.queue)
      .map(mark => ({ at: (mark.at - from) / length, text: `${clock(mark.at)} ${mark.text}`, kind: mark.kind })),
    points: points.map((point, index) => ({
      text: `${clock(point.at)} to ${clock(point.at + stepMs).slice(-5)}: ${text(index)}`,
      link: runsLink(options, point.at, stepMs),
    })),
    times: [0, 0.25, 0.5, 0.75, 1].map(part => clock(from + part * length).slice(length > 86_400_000 ? 0 : -5)),
  };
}

/** The runs behind a point. */
function runsLink({ base, queue, contract }: HistoryViewOptions, at: number, stepMs: number): string {
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
  const pairs = { since: time(at), until: time(at + stepMs), ...(queue && { queue }), ...(contract && { contract }) };
  return `${base}/jobs?${new URLSearchParams(pairs)}`;
}

/** What the charts show, in figures; and what happened. */
export function historyTables(options: HistoryViewOptions): Html | undefined {
  const { series } = options;
  if (series === undefined) return undefined;
  const { points, stepMs, marks } = series;
  return html`<h2>In figures</h2>
    ${table({
      label: 'History in figures',
      columns: [
        'From (UTC)',
        'In',
        'Succeeded',
        'Tried again',
        'Dead',
        'Cancelled, expired',
        'Queue p50',
        'p95',
        'p99',
        'Run p95',
      ],
      rows: points.toReversed().map(
        point =>
          html`<tr>
            <th scope="row"><a href="${runsLink(options, point.at, stepMs)}">${clock(point.at)}</a></th>
            <td>${point.came ?? '–'}</td>
            ${[point.succeeded, point.retried, point.dead, point.unwanted].map(count => html`<td class="${count === 0 ? 'zero' : ''}">${count}</td>`)}
            ${[0.5, 0.95, 0.99].map(part => html`<td>${duration(quantileOf(point.waited, part))}</td>`)}
            <td>${duration(quantileOf(point.ran, 0.95))}</td>
          </tr>`,
      ),
    })}
    <h2>What happened</h2>
    ${
      marks.length === 0
        ? html`<p class="notice">
            Nothing: deploys, crashes, lost hosts, pauses and sick destinations would stand here.
          </p>`
        : html`<ol class="story card">
            ${marks.toReversed().map(
              mark =>
                html`<li class="mark">
                  <time>${clock(mark.at)}</time>
                  <span>${mark.text}${mark.queue === undefined ? '' : ` (${mark.queue})`}</span>
                </li>`,
            )}
          </ol>`
    }`;
}

function endedIn({ succeeded, dead, unwanted }: SeriesPoint): number {
  return succeeded + dead + unwanted;
}

function rateText(value: number): string {
  if (value >= 10_000) return `${Math.round(value / 1_000)}k`;
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

/** `11-29 14:05` */
function clock(ms: number): string {
  return new Date(ms).toISOString().slice(5, 16).replace('T', ' ');
}
