import { OUTCOMES, type JournalTag, type RunRecord } from './run-record.ts';
import { TermSet, termText } from './terms.ts';

/** What is the same for all runs of a process. */
export interface Recorder {
  readonly worker: string;
  readonly host: string;
  readonly release: string | undefined;
}

/** A run as it is gathered: what its process is stands in the frame. */
export type GatheredRun = Omit<RunRecord, keyof Recorder>;

export interface Frame {
  /** Lines: what the process is and the names of contracts, then one run each. */
  readonly text: string;
  readonly terms: TermSet['buckets'];
  readonly runs: number;
}

/** What most runs have not. */
interface Extra {
  readonly c?: string | undefined;
  readonly t?: string | undefined;
  readonly r?: string | undefined;
  readonly e?: string | undefined;
  readonly m?: string | undefined;
  readonly f?: string | undefined;
  readonly i?: number | undefined;
  readonly g?: readonly (readonly [name: string, digest: string, value?: string])[] | undefined;
}

/** Runs of one process as the stores keep them. */
export function writeFrame({ worker, host, release }: Recorder, runs: readonly GatheredRun[]): Frame {
  const names: [name: string, queue: string][] = [];
  const places = new Map<string, number>();
  const terms = new TermSet();
  const lines: string[] = [];
  for (const run of runs) {
    const { jobId, jobName, queue, outcome, endedAt, waitedMs, ranMs, attempt, correlationId, traceId, cause } = run;
    let place = places.get(jobName);
    if (place === undefined || names[place]?.[1] !== queue) {
      place = names.push([jobName, queue]) - 1;
      places.set(jobName, place);
      terms.addOnce(termText.contract(jobName));
    }
    terms.add(termText.id(jobId));
    if (correlationId !== jobId) terms.addOnce(termText.id(correlationId));
    if (traceId !== undefined) terms.addOnce(termText.trace(traceId));
    if (cause !== undefined) terms.addOnce(termText.cause(cause));
    for (const { digest } of run.tags) terms.addOnce(termText.tag(digest));
    // Put together by hand: most runs have no more than this.
    const fixed = `[${endedAt},${JSON.stringify(jobId)},${place},${OUTCOMES.indexOf(outcome)},${Math.round(waitedMs ?? -1)},${Math.round(ranMs ?? -1)},${attempt}`;
    const extra = extraOf(run);
    lines.push(extra === undefined ? `${fixed}]` : `${fixed},${JSON.stringify(extra)}]`);
  }
  const head = JSON.stringify({ v: 1, w: worker, h: host, r: release, n: names });
  return { text: `${head}\n${lines.join('\n')}`, terms: terms.buckets, runs: runs.length };
}

function extraOf(run: GatheredRun): Extra | undefined {
  const { jobId, correlationId, traceId, reason, error, message, cause, items, tags } = run;
  if (correlationId === jobId && tags.length === 0 && traceId === undefined && error === undefined) {
    if (reason === undefined && items === undefined) return undefined;
  }
  return {
    c: correlationId === jobId ? undefined : correlationId,
    t: traceId,
    r: reason,
    e: error,
    m: message,
    f: cause,
    i: items,
    g: tags.length === 0 ? undefined : tags.map(writtenTag),
  };
}

function writtenTag({ name, digest, value }: JournalTag): readonly [string, string, string?] {
  return value === undefined ? [name, digest] : [name, digest, value];
}

/** A run with its place in what it was read from. */
export interface PlacedRun {
  /** Where its line begins: a number that grows. */
  readonly line: number;
  readonly run: RunRecord;
}

/** Of which lines it is asked for. */
export interface LineFilter {
  /** Only lines that hold this text are looked at: most of what is read is passed over by it. */
  readonly holds?: string | undefined;
  /** Asked with the text of each of those before it is read. */
  readonly mayMatch?: ((line: string) => boolean) | undefined;
}

/** The runs in frames that follow each other, oldest first. Lines that cannot be read are passed over. */
export function readFrames(text: string, { holds, mayMatch = () => true }: LineFilter = {}): readonly PlacedRun[] {
  const runs: PlacedRun[] = [];
  const heads = headsOf(text);
  let nth = -1;
  let head: Head | undefined;
  for (let from = 0; from < text.length;) {
    const at = holds === undefined ? from : text.indexOf(holds, from);
    if (at === -1) break;
    const line = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
    const written = lineAt(text, line);
    from = line + written.length + 1;
    if (written === '' || heads.includes(line) || !mayMatch(written)) continue;
    const last = heads.findLastIndex(each => each < line);
    if (last !== nth) head = headIn(parsed(lineAt(text, heads[last] ?? 0)));
    nth = last;
    const run = head && last !== -1 ? runIn(head, parsed(written)) : undefined;
    if (run !== undefined) runs.push({ line, run });
  }
  return runs;
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  return text.slice(at, end === -1 ? text.length : end);
}

/** Where the lines begin that say what a process is: no run's line begins so. A chunk has a few of them. */
function headsOf(text: string): readonly number[] {
  const heads: number[] = text.startsWith('{') ? [0] : [];
  for (let at = text.indexOf('\n{'); at !== -1; at = text.indexOf('\n{', at + 1)) heads.push(at + 1);
  return heads;
}

interface Head extends Recorder {
  readonly names: readonly (readonly [name: string, queue: string])[];
}

function headIn(value: unknown): Head | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { w, h, r, n }: Partial<Record<'w' | 'h' | 'r' | 'n', unknown>> = value;
  if (typeof w !== 'string' || typeof h !== 'string' || !Array.isArray(n)) return undefined;
  const names = n.map((each: unknown): readonly [string, string] =>
    Array.isArray(each) ? [String(each[0]), String(each[1])] : ['?', '?'],
  );
  return { worker: w, host: h, release: typeof r === 'string' ? r : undefined, names };
}

function runIn({ worker, host, release, names }: Head, value: unknown): RunRecord | undefined {
  if (!Array.isArray(value)) return undefined;
  const [endedAt, jobId, place, outcome, waited, ran, attempt, extra]: readonly unknown[] = value;
  const came = OUTCOMES[numberIn(outcome) ?? -1];
  const [jobName, queue] = names[numberIn(place) ?? -1] ?? [];
  const at = numberIn(endedAt);
  if (typeof jobId !== 'string' || came === undefined || jobName === undefined || queue === undefined) return undefined;
  if (at === undefined) return undefined;
  const { c, t, r, e, m, f, i, g }: Partial<Record<keyof Extra, unknown>> =
    typeof extra === 'object' && extra !== null ? extra : {};
  return {
    jobId,
    jobName,
    queue,
    outcome: came,
    endedAt: at,
    waitedMs: durationIn(waited),
    ranMs: durationIn(ran),
    attempt: numberIn(attempt) ?? 1,
    worker,
    host,
    release,
    correlationId: textIn(c) ?? jobId,
    traceId: textIn(t),
    reason: textIn(r),
    error: textIn(e),
    message: textIn(m),
    cause: textIn(f),
    items: numberIn(i),
    tags: Array.isArray(g) ? g.flatMap(tagIn) : [],
  };
}

function tagIn(value: unknown): readonly JournalTag[] {
  if (!Array.isArray(value)) return [];
  const [name, digest, shown]: readonly unknown[] = value;
  if (typeof name !== 'string' || typeof digest !== 'string') return [];
  return [typeof shown === 'string' ? { name, digest, value: shown } : { name, digest }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function durationIn(value: unknown): number | undefined {
  const ms = numberIn(value);
  return ms === undefined || ms < 0 ? undefined : ms;
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
