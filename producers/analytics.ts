import { randomUUID } from 'node:crypto';
import { identify, track } from '../jobs/index.ts';
import type { InputOf } from '../src/contracts/index.ts';
import type { Enqueuer, JobReceipt } from '../src/queue/index.ts';
import type { BatchOptions } from './batch-options.ts';

type Completed = 'messageId' | 'timestamp';
type Open<Message> = Omit<Message, Completed> & Partial<Pick<Message, Completed & keyof Message>>;

/** The Segment spec's track call; `messageId` and `timestamp` are added when left out. */
export type TrackMessage = Open<InputOf<typeof track>>;
/** The Segment spec's identify call; `messageId` and `timestamp` are added when left out. */
export type IdentifyMessage = Open<InputOf<typeof identify>>;

/**
 * Analytics for a web app. Events of many calls travel in one job (docs/guides/chunks.md); a call resolves when the engine has its event. Where events
 * are kept, the first of several with one `messageId` counts: give one to make a call repeatable.
 */
export interface AnalyticsProducer {
  track(message: TrackMessage, options?: BatchOptions): Promise<JobReceipt>;
  identify(message: IdentifyMessage, options?: BatchOptions): Promise<JobReceipt>;
  /** A receipt for each event. */
  trackMany(messages: readonly TrackMessage[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
  /** As `trackMany`. */
  identifyMany(messages: readonly IdentifyMessage[], options?: BatchOptions): Promise<readonly JobReceipt[]>;
}

export function createAnalyticsProducer(client: Enqueuer): AnalyticsProducer {
  return {
    track: (message, options) => client.enqueue(track, { ...completion(now()), ...message }, options),
    identify: (message, options) => client.enqueue(identify, { ...completion(now()), ...message }, options),
    trackMany(messages, options) {
      const at = now();
      return client.enqueueMany(messages.map(message => track({ ...completion(at), ...message }, options)));
    },
    identifyMany(messages, options) {
      const at = now();
      return client.enqueueMany(messages.map(message => identify({ ...completion(at), ...message }, options)));
    },
  };
}

function completion(timestamp: string): { readonly messageId: string; readonly timestamp: string } {
  return { messageId: randomUUID(), timestamp };
}

function now(): string {
  return new Date().toISOString();
}
