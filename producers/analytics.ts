import { randomUUID } from 'node:crypto';
import { identify, track, trackBatch } from '../jobs/index.ts';
import { type EnqueueOptions, type InputOf, PayloadTooLargeError } from '../src/contracts/index.ts';
import type { Enqueuer, JobReceipt } from '../src/queue/index.ts';
import type { BatchOptions } from './batch-options.ts';

const COMPLETED = ['messageId', 'timestamp'] as const;
type Completed = (typeof COMPLETED)[number];
type Open<Message> = Omit<Message, Completed> & Partial<Pick<Message, Completed & keyof Message>>;

/** The Segment spec's track call; `messageId` and `timestamp` are added when left out. */
export type TrackMessage = Open<InputOf<typeof track>>;
/** The Segment spec's identify call; `messageId` and `timestamp` are added when left out. */
export type IdentifyMessage = Open<InputOf<typeof identify>>;

/** Analytics jobs for a web app. `messageId` is the key: the same message sent twice is one, also where the producer adds its time. */
export interface AnalyticsProducer {
  track(message: TrackMessage, options?: EnqueueOptions): Promise<JobReceipt>;
  identify(message: IdentifyMessage, options?: EnqueueOptions): Promise<JobReceipt>;
  /**
   * Many events in few jobs, for high volumes: up to `EVENTS_PER_JOB` travel together, and the sink drops
   * repeated message ids.
   */
  trackMany(messages: readonly TrackMessage[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
  /** As `trackMany`. */
  identifyMany(messages: readonly IdentifyMessage[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
}

/** Well under 256 KiB of JSON for events of ordinary size; fewer of larger ones travel together. */
export const EVENTS_PER_JOB = 250;
const BYTES_PER_JOB = 240 * 1024;

export function createAnalyticsProducer(client: Enqueuer): AnalyticsProducer {
  return {
    track: (message, options) =>
      client.enqueue(track, { ...completion(now()), ...message }, repeatable(message, options)),
    identify: (message, options) =>
      client.enqueue(identify, { ...completion(now()), ...message }, repeatable(message, options)),
    trackMany(messages, options) {
      const at = now();
      const batch = messages.map(message => ({ type: 'track', ...completion(at), ...message }) as const);
      return enqueueBatches(client, batch, options);
    },
    identifyMany(messages, options) {
      const at = now();
      const batch = messages.map(message => ({ type: 'identify', ...completion(at), ...message }) as const);
      return enqueueBatches(client, batch, options);
    },
  };
}

type Batch = InputOf<typeof trackBatch>['batch'];

/** What is too large is refused before anything is queued, so that the size of ordinary events need not be looked at. */
async function enqueueBatches(
  client: Enqueuer,
  messages: Batch,
  options: BatchOptions | undefined,
): Promise<readonly JobReceipt[]> {
  const requests = (batches: readonly Batch[]) => batches.map(batch => trackBatch({ batch }, options));
  try {
    return await client.enqueueMany(requests(byCount(messages)));
  } catch (error) {
    if (!(error instanceof PayloadTooLargeError)) throw error;
    return client.enqueueMany(requests(bySize(messages)));
  }
}

function byCount(messages: Batch): readonly Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < messages.length; start += EVENTS_PER_JOB) {
    batches.push(messages.slice(start, start + EVENTS_PER_JOB));
  }
  return batches;
}

/** An event that is too large by itself stands alone, to be refused by name. */
function bySize(messages: Batch): readonly Batch[] {
  const batches: Batch[] = [];
  let bytes = Infinity;
  for (const message of messages) {
    const size = Buffer.byteLength(JSON.stringify(message)) + 1;
    const last = batches.at(-1);
    if (last === undefined || bytes + size > BYTES_PER_JOB || last.length === EVENTS_PER_JOB) {
      batches.push([message]);
      bytes = size;
    } else {
      last.push(message);
      bytes += size;
    }
  }
  return batches;
}

/** What is added here differs in a repeat, which is a repeat all the same. */
function repeatable(
  message: Partial<Record<Completed, string>>,
  options: EnqueueOptions | undefined,
): EnqueueOptions | undefined {
  // What nobody has named is new each time.
  if (message.messageId === undefined && options?.idempotencyKey === undefined) return options;
  const added = COMPLETED.filter(field => message[field] === undefined);
  return added.length === 0 ? options : { ...options, generated: [...(options?.generated ?? []), ...added] };
}

function completion(timestamp: string): { readonly messageId: string; readonly timestamp: string } {
  return { messageId: randomUUID(), timestamp };
}

function now(): string {
  return new Date().toISOString();
}
