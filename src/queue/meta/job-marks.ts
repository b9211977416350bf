/**
 * BullMQ's progress is the one field of a job that can be changed on every engine and that a worker has in hand when it takes the job. So two
 * things stand in it: what the handler said of its progress, as it is, and marks of the platform. Where both are there, the marks stand around
 * the progress.
 */
export interface JobMarks {
  /** Somebody does not want it any more. */
  readonly cancel?: { readonly reason: string; readonly by: string };
  /** What the releases that took it did not know, and since when. */
  readonly waitingForRelease?: string;
  readonly since?: number;
  /** When it was put back as a dead letter. */
  readonly replayedAt?: number;
  /** When it had ended then: where that is still its end, whoever put it back was killed before it had. */
  readonly replayedEnd?: number;
}

const AROUND = 'marks';
const NAMES: ReadonlySet<string> = new Set(['cancel', 'waitingForRelease', 'since', 'replayedAt', 'replayedEnd']);

/** The marks that a job carries. Never throws: another program may have noted anything. */
export function marksOf(stored: unknown): JobMarks {
  if (!isMarked(stored)) return {};
  const { cancel, waitingForRelease, since, replayedAt, replayedEnd } = stored;
  return {
    ...(isCancel(cancel) && { cancel: { reason: String(cancel.reason), by: String(cancel.by) } }),
    ...(typeof waitingForRelease === 'string' && { waitingForRelease }),
    ...(typeof since === 'number' && { since }),
    ...(typeof replayedAt === 'number' && { replayedAt }),
    ...(typeof replayedEnd === 'number' && { replayedEnd }),
  };
}

/** What the handler said; undefined where it said nothing. */
export function progressIn(stored: unknown): unknown {
  const said = isMarked(stored) ? stored['progress'] : stored;
  // With what BullMQ begins.
  return said === 0 || said === null ? undefined : said;
}

/** What is to be stored for both. */
export function withMarks(said: unknown, marks: JobMarks): unknown {
  const marked = Object.keys(marks).length > 0;
  if (said === undefined) return marked ? marks : 0;
  return marked || isMarked(said) ? { shiftwork: AROUND, ...marks, progress: said } : said;
}

/** With nothing but marks in it, as releases before 0.2 note them, or with marks around something. */
function isMarked(stored: unknown): stored is Readonly<Record<string, unknown>> {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return false;
  if ('shiftwork' in stored && stored.shiftwork === AROUND) return true;
  const names = Object.keys(stored);
  return names.length > 0 && names.every(name => NAMES.has(name));
}

function isCancel(value: unknown): value is { readonly reason: unknown; readonly by: unknown } {
  return typeof value === 'object' && value !== null && 'reason' in value && 'by' in value;
}
