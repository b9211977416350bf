import { randomUUID } from 'node:crypto';
import { identify, track, trackBatch } from '../jobs/index.ts';
import type { EnqueueOptions, InputOf } from '../src/contracts/index.ts';
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
}

/** Well under 256 KiB of JSON for events of ordinary size. */
export const EVENTS_PER_JOB = 250;

export function createAnalyticsProducer(client: Enqueuer): AnalyticsProducer {
  return {
    track: (message, options) => client.enqueue(track, complete(message), options),
    identify: (message, options) => client.enqueue(identify, complete(message), options),
    trackMany(messages, options) {
      const requests = [];
      for (let start = 0; start < messages.length; start += EVENTS_PER_JOB) {
        const batch = messages
          .slice(start, start + EVENTS_PER_JOB)
          .map(message => ({ type: 'track' as const, ...complete(message) }));
        requests.push(trackBatch({ batch }, options));
      }
      return client.enqueueMany(requests);
    },
  };
}

function complete<Message extends object>(message: Message): Message & { messageId: string; timestamp: string } {
  return { messageId: randomUUID(), timestamp: new Date().toISOString(), ...message };
}
