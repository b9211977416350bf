import { readPart, writePart, type ChunkPart } from './chunk-part.ts';
import type { ShownTag } from '../find/job-tags.ts';

/**
 * What Shiftwork knows about a job beside its data. It travels in BullMQ's `telemetry.metadata` option (stored as `tm`),
 * which both engines keep as an opaque text, so that `data` stays exactly what the producer gave. Only what differs from the
 * default is written: most jobs carry nothing.
 */
export interface JobMeta {
  readonly version: number;
  /** Undefined: the job's own id. */
  readonly correlationId: string | undefined;
  readonly traceparent: string | undefined;
  /** The event or job whose handler enqueued it. */
  readonly causationId?: string | undefined;
  /** Who began it, by the app's own id. */
  readonly userId?: string | undefined;
  /** Of which it is a member: whoever ends it says so there. */
  readonly batchId?: string | undefined;
  /** Of a chunk whose items come from several traces: their traceparents, some at most. */
  readonly links?: readonly string[] | undefined;
  /** Of a chunk: how many items were gathered into it. */
  readonly items?: number | undefined;
  /** Of a job that was a part of a chunk. */
  readonly part?: ChunkPart | undefined;
  /** What it can be found by, with the values of those that are public. */
  readonly tags?: readonly ShownTag[] | undefined;
  /** The job in whose place it runs, with other data. */
  readonly replayOf?: string | undefined;
  /** Paths of the fields of its data that are encrypted. */
  readonly encrypted?: readonly string[] | undefined;
  /** Who has asked for that. */
  readonly replayedBy?: string | undefined;
}

/** What the id of every batch begins with. */
export const BATCH = 'batch:';

const NONE: JobMeta = Object.freeze({ version: 1, correlationId: undefined, traceparent: undefined });

export function writeMeta(meta: JobMeta): string | undefined {
  const {
    version,
    correlationId,
    traceparent,
    causationId,
    userId,
    batchId,
    links,
    items,
    part,
    tags,
    replayOf,
    replayedBy,
    encrypted,
  } = meta;
  const others = [correlationId, causationId, userId, links, items, part, tags, replayOf, encrypted];
  if (version === 1 && others.every(each => each === undefined)) {
    // What most traced jobs, and most members of batches, carry is written as it is: JSON within the JSON of the options is larger, and parsed once more.
    if (batchId === undefined) return traceparent;
    if (traceparent === undefined && batchId.startsWith(BATCH)) return batchId;
  }
  return JSON.stringify({
    v: version === 1 ? undefined : version,
    c: correlationId,
    t: traceparent,
    a: causationId,
    u: userId,
    b: batchId,
    l: links,
    n: items,
    p: part && writePart(part),
    g: tags?.map(({ name, value }) => (value === undefined ? [name] : [name, value])),
    r: replayOf,
    e: encrypted,
    k: replayedBy,
  });
}

/** Never throws: a job added by another program may carry anything there. */
export function readMeta(text: unknown): JobMeta {
  if (typeof text !== 'string') return NONE;
  if (isTraceparent(text)) return { version: 1, correlationId: undefined, traceparent: text };
  if (text.startsWith(BATCH)) return isId(text) ? { ...NONE, batchId: text } : NONE;
  if (!text.startsWith('{')) return NONE;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return NONE;
  }
  if (typeof parsed !== 'object' || parsed === null) return NONE;
  const {
    v,
    c,
    t,
    a,
    u,
    b,
    l,
    n,
    p,
    g,
    r,
    e,
    k,
  }: Partial<Record<'v' | 'c' | 't' | 'a' | 'u' | 'b' | 'l' | 'n' | 'p' | 'g' | 'r' | 'e' | 'k', unknown>> = parsed;
  const part = readPart(p);
  return {
    version: typeof v === 'number' && Number.isInteger(v) && v >= 1 ? v : 1,
    correlationId: typeof c === 'string' && c.length <= 200 ? c : undefined,
    traceparent: typeof t === 'string' && isTraceparent(t) ? t : undefined,
    ...(isId(a) && { causationId: a }),
    ...(isId(u) && { userId: u }),
    ...(isId(b) && { batchId: b }),
    ...(Array.isArray(l) && { links: l.filter(each => typeof each === 'string' && isTraceparent(each)) }),
    ...(typeof n === 'number' && Number.isInteger(n) && n > 0 && { items: n }),
    ...(part !== undefined && { part }),
    ...(isId(r) && { replayOf: r }),
    ...(Array.isArray(e) && { encrypted: e.filter(isId) }),
    ...(isId(k) && { replayedBy: k }),
    ...(Array.isArray(g) && { tags: g.flatMap(shownTag) }),
  };
}

function shownTag(written: unknown): readonly ShownTag[] {
  if (!Array.isArray(written)) return [];
  const [name, value]: readonly unknown[] = written;
  if (typeof name !== 'string') return [];
  return [typeof value === 'string' ? { name, value } : { name }];
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 200;
}

const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** W3C Trace Context, version 00: https://www.w3.org/TR/trace-context/#traceparent-header */
export function isTraceparent(text: string): boolean {
  // All zeros are no id: the specification calls them invalid. Asked apart: looking ahead doubled the cost.
  return (
    /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) &&
    !text.startsWith(NO_TRACE, 3) &&
    !text.startsWith(NO_SPAN, 36)
  );
}

/** The trace id of a traceparent, 32 hex digits. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.slice(3, 35);
}
