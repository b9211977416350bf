import type { KnownOptions } from '../../errors/index.ts';
import type { AnyEventContract } from '../../contracts/index.ts';
import type { Tracer } from '../../tracing/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { PublishPolicy } from './steady-send.ts';
import type { Transport } from '../transport.ts';

export interface BusOptions {
  /** Every event that is published or subscribed here. */
  readonly events: readonly AnyEventContract[];
  readonly transport: Transport;
  /** A new one when left out. */
  readonly facts?: Facts;
  /** Trace context without spans when left out. */
  readonly tracer?: Tracer;
  /** CloudEvents' `source`: which program states events. `urn:shiftwork` by default. */
  readonly source?: string;
  /** Tries of a publication, and when to stop asking: three within a second by default. After five failures in a row it is not asked for a second. */
  readonly retry?: Partial<PublishPolicy>;
}

export const BUS_OPTIONS: KnownOptions<BusOptions> = {
  events: true,
  transport: true,
  facts: true,
  tracer: true,
  source: true,
  retry: true,
};

/** What is known of an event once the transport has it. */
export interface PublishedEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: Date;
  readonly correlationId: string;
}

export interface ReplayOptions {
  /** From this instant on, or from the event with this id on (that event included). */
  readonly from: Date | string;
  readonly signal?: AbortSignal;
}

/** Ends a subscription: nothing more arrives, running handlers get up to `timeoutMs` (10 s). Repeated calls share one promise. */
export type Unsubscribe = (timeoutMs?: number) => Promise<void>;
