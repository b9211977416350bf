import { randomUUID } from 'node:crypto';
import { identify, track, trackBatch } from '../jobs/index.ts';
import type { EnqueueOptions, InputOf, JobRequest } from '../src/contracts/index.ts';
import type { Enqueuer, JobReceipt } from '../src/queue/index.ts';
import type { BatchOptions } from './batch-options.ts';

type Completed = 'messageId' | 'timestamp';
type Open<Message> = Omit<Message, Completed> & Partial<Pick<Message, Completed & keyof Message>>;

/** The Segment spec's track call; `messageId` and `timestamp` are added when left out. */
export type TrackMessage = Open<InputOf<typeof track>>;
/** The Segment spec's identify call; `messageId` and `timestamp` are added when left out. */
export type IdentifyMessage = Open<InputOf<typeof identify>>;

/** Analytics jobs for a web app. `messageId` is the key: the same message sent twice is one. */
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

/** Well under 256 KiB of JSON for events of ordinary size. */
export const EVENTS_PER_JOB = 250;

export function createAnalyticsProducer(client: Enqueuer): AnalyticsProducer {
  return {
    track: (message, options) => client.enqueue(track, complete(message), options),
    identify: (message, options) => client.enqueue(identify, complete(message), options),
    trackMany: (messages, options) =>
      client.enqueueMany(
        batches(
          messages.map(message => ({ type: 'track', ...complete(message) })),
          options,
        ),
      ),
    identifyMany: (messages, options) =>
      client.enqueueMany(
        batches(
          messages.map(message => ({ type: 'identify', ...complete(message) })),
          options,
        ),
      ),
  };
}

function batches(messages: InputOf<typeof trackBatch>['batch'], options: BatchOptions | undefined): JobRequest[] {
  const requests = [];
  for (let start = 0; start < messages.length; start += EVENTS_PER_JOB) {
    requests.push(trackBatch({ batch: messages.slice(start, start + EVENTS_PER_JOB) }, options));
  }
  return requests;
}

function complete<Message extends object>(message: Message): Message & { messageId: string; timestamp: string } {
  return { messageId: randomUUID(), timestamp: new Date().toISOString(), ...message };
}
