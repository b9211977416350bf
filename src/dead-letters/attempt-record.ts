import type { EngineJob, EngineQueue } from '../engine/index.ts';
import type { DeadReason } from '../facts/index.ts';

/** Why a job has no further attempt. */
export type EndReason = DeadReason | 'cancelled';

/** One line of a job's history, kept in the job's own log: it lives and goes with the job, on both engines. */
export type HistoryLine =
  | {
      readonly what: 'failed';
      /** Milliseconds since 1970. */
      readonly at: number;
      readonly ranMs: number;
      /** 1 for the first since the job was enqueued or replayed. */
      readonly attempt: number;
      /** Host, process and incarnation. */
      readonly worker: string;
      /** The contract's version in the release that ran it. */
      readonly version: number | undefined;
      readonly error: string;
      readonly message: string;
      /** Why there was no further attempt; undefined when there was. */
      readonly dead?: EndReason;
      /** False: the handler was not called. */
      readonly begun?: false;
    }
  | {
      readonly what: 'replayed';
      readonly at: number;
      readonly by: string;
      /** The job that this one is made of, with other data: what stands above is its history. */
      readonly of?: string;
    };

const MESSAGE_KEPT = 500;

export function failedLine(line: Omit<Extract<HistoryLine, { what: 'failed' }>, 'what'>): string {
  const record: HistoryLine = { what: 'failed', ...line, message: line.message.slice(0, MESSAGE_KEPT) };
  return JSON.stringify(record);
}

/** The same failure in words that any engine can hold. */
export function plainLine(text: string, message: string): string | undefined {
  const line = lineIn(text);
  return line?.what === 'failed' ? failedLine({ ...line, error: 'Error', message }) : undefined;
}

/** The history of a job, oldest first. Lines of other programs in its log are passed over. */
export async function readHistory(queue: EngineQueue, job: Pick<EngineJob, 'id'>): Promise<readonly HistoryLine[]> {
  // BullMQ answers none at all where another program keeps something else in the place of the log.
  const { logs }: { readonly logs: unknown } = await queue.getJobLogs(job.id ?? '');
  return (Array.isArray(logs) ? logs : []).flatMap((text: unknown) => lineIn(String(text)) ?? []);
}

function lineIn(text: string): HistoryLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return isHistoryLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

/** Whole lines alone: another program may have written what only looks like one. */
function isHistoryLine(line: unknown): line is HistoryLine {
  if (typeof line !== 'object' || line === null) return false;
  const { what, at, by, ranMs, attempt, worker, version, error, message, dead, of }: Partial<Record<string, unknown>> =
    {
      ...line,
    };
  if (!isCount(at) || at > 8.64e15) return false;
  if (what === 'replayed') return typeof by === 'string' && (of === undefined || typeof of === 'string');
  const texts = [worker, error, message].every(text => typeof text === 'string');
  const numbers = [ranMs, attempt].every(isCount) && (version === undefined || isCount(version));
  return what === 'failed' && texts && numbers && (dead === undefined || typeof dead === 'string');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}
