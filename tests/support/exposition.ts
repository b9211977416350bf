/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly samples: readonly Sample[];
  /** By metric name, as its TYPE line says. */
  readonly types: ReadonlyMap<string, string>;
  /** The value of the one sample with that name and those labels; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Inf)$/;
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/**
 * Reads the text format of Prometheus, version 0.0.4, and refuses what a lenient reader lets pass: a HELP or TYPE that is missing,
 * late or repeated, series of one metric that do not stand together, a series that appears twice, names and numbers that are none,
 * histograms that do not add up, counters below zero.
 * @throws Error with the line
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('The last line does not end with a line feed.');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const closed = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  let open: string | undefined;
  const enter = (metric: string, line: string): void => {
    if (metric === open) return;
    if (open !== undefined) closed.add(open);
    if (closed.has(metric)) throw new Error(`The lines of ${metric} do not stand together: ${line}`);
    open = metric;
  };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
      if (keyword === undefined) throw new Error(`Neither HELP nor TYPE: ${line}`);
      if (!NAME.test(name)) throw new Error(`No name of a metric: ${line}`);
      enter(name, line);
      if (samples.some(sample => metricOf(sample.name, types) === name)) throw new Error(`After its series: ${line}`);
      if (keyword === 'HELP') {
        if (helps.has(name)) throw new Error(`A second HELP: ${line}`);
        if (rest.trim() === '') throw new Error(`A HELP that says nothing: ${line}`);
        helps.add(name);
      } else {
        if (types.has(name)) throw new Error(`A second TYPE: ${line}`);
        if (!TYPES.has(rest)) throw new Error(`No type: ${line}`);
        types.set(name, rest);
      }
      continue;
    }
    const sample = readSample(line);
    const metric = metricOf(sample.name, types);
    if (metric === undefined || !helps.has(metric)) throw new Error(`A series without HELP and TYPE: ${line}`);
    enter(metric, line);
    const series = seriesOf(sample);
    if (seen.has(series)) throw new Error(`A second time: ${line}`);
    seen.add(series);
    if (types.get(metric) === 'counter' && !(sample.value >= 0)) throw new Error(`A counter below zero: ${line}`);
    samples.push(sample);
  }
  for (const [metric, type] of types) if (type === 'histogram') checkHistogram(metric, samples);
  return {
    samples,
    types,
    value: (name, labels = {}) => samples.find(sample => seriesOf(sample) === seriesOf({ name, labels }))?.value,
  };
}

function readSample(line: string): Sample {
  const [, name = '', labelText = '', number = ''] = /^([^\s{]+)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/.exec(line) ?? [];
  if (!NAME.test(name)) throw new Error(`No series: ${line}`);
  if (!NUMBER.test(number)) throw new Error(`No number: ${line}`);
  const value = number.endsWith('Inf') ? (number.startsWith('-') ? -Infinity : Infinity) : Number(number);
  return { name, labels: readLabels(labelText, line), value };
}

function readLabels(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [whole, name = '', value = ''] = /^([^=,\s]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest) ?? [];
    if (whole === undefined || !LABEL_NAME.test(name)) throw new Error(`No label at "${rest}": ${line}`);
    if (Object.hasOwn(labels, name)) throw new Error(`The label ${name} twice: ${line}`);
    labels[name] = value.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** The metric that a series belongs to: histograms and summaries have series with suffixes. */
function metricOf(series: string, types: ReadonlyMap<string, string>): string | undefined {
  if (types.has(series)) return types.get(series) === 'histogram' ? undefined : series;
  const [, base = '', suffix] = /^(.*)_(bucket|sum|count)$/.exec(series) ?? [];
  const type = types.get(base);
  return type === 'histogram' || (type === 'summary' && suffix !== 'bucket') ? base : undefined;
}

function seriesOf({ name, labels }: Pick<Sample, 'name' | 'labels'>): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

function checkHistogram(metric: string, samples: readonly Sample[]): void {
  const groups = Map.groupBy(
    samples.filter(({ name }) => [`${metric}_bucket`, `${metric}_sum`, `${metric}_count`].includes(name)),
    ({ labels }) => seriesOf({ name: metric, labels: { ...labels, le: '' } }),
  );
  for (const [group, members] of groups) {
    const buckets = members.filter(({ name }) => name.endsWith('_bucket'));
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])));
    if (bounds.at(-1) !== Infinity) throw new Error(`The last bucket is not +Inf: ${group}`);
    if (bounds.some((bound, index) => !(bound > (bounds[index - 1] ?? -Infinity))))
      throw new Error(`Buckets out of order: ${group}`);
    if (buckets.some(({ value }, index) => value < (buckets[index - 1]?.value ?? 0)))
      throw new Error(`Buckets that are not cumulative: ${group}`);
    const count = members.find(({ name }) => name.endsWith('_count'))?.value;
    if (count === undefined || count !== buckets.at(-1)?.value)
      throw new Error(`The count is not that of +Inf: ${group}`);
    if (!members.some(({ name }) => name.endsWith('_sum'))) throw new Error(`No sum: ${group}`);
  }
}
