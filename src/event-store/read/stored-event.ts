import type { EventEnvelope } from '../../contracts/index.ts';

/** An event as the store gives it back: the envelope of the bus, and where it stands. */
export interface StoredEvent<Payload = unknown> extends EventEnvelope<Payload> {
  readonly stream: string;
  /** 1 for the first event of the stream, without gaps. */
  readonly streamVersion: number;
  /** Rises over all streams; there are gaps where appends failed. */
  readonly position: number;
  /**
   * Undefined for an event that this release reads: its payload fits the contract. Otherwise the payload is what is stored, and this says
   * why no more is known of it.
   */
  readonly problem: EventProblem | undefined;
}

export interface EventProblem {
  readonly kind: 'unknown-type' | 'newer-version' | 'unreadable';
  readonly detail: string;
}
