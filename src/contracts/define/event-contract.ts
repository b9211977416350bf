import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { PayloadContract } from '../payload/payload-contract.ts';

/** Per-call options of an event. Anything else is refused. */
export interface EventOptions {
  /** Kept as it is: publishing the same id again is publishing the same event. Made when left out. */
  readonly id?: string;
  /** When it happened; now when left out. */
  readonly timestamp?: Date;
  /** Ties together everything that one request caused. Inherited from the handler that publishes, else the event's own id. */
  readonly correlationId?: string;
  /** The id of the event, job or command that led to this one. Inherited from the handler that publishes. */
  readonly causationId?: string;
  /** Who did it, by the app's own id. */
  readonly userId?: string;
}

/** What an event's contract says, whatever its payload. */
export interface AnyEventContract extends PayloadContract {
  readonly kind: 'event';
}

/** A definition of a fact of the domain. Call it to state one: `userRegistered({ ... })`. */
export interface EventContract<Schema extends StandardSchemaV1 = StandardSchemaV1> extends AnyEventContract {
  readonly schema: Schema;
  (payload: StandardSchemaV1.InferInput<Schema>, options?: EventOptions): EventRequest;
}

/** An event stated, not published yet. Made by calling the contract. */
export interface EventRequest {
  readonly kind: 'event-request';
  readonly contract: AnyEventContract;
  readonly payload: unknown;
  readonly options: EventOptions;
}

/** Where an event stands in an event store. */
export interface StoredAt {
  readonly stream: string;
  /** 1 for the first event of the stream, without gaps. */
  readonly streamVersion: number;
  /** Rises over all streams: what a read model's `waitFor` takes. */
  readonly position: number;
}

export interface EventMetadata {
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly userId: string | undefined;
  /** W3C traceparent. */
  readonly traceparent: string | undefined;
  /** Of an event that came to the bus from an event store. */
  readonly stored?: StoredAt;
}

/** An event as subscribers get it, the same on every transport and from the store. */
export interface EventEnvelope<Payload = unknown> {
  /** Sorts by time. */
  readonly id: string;
  /** `entity.action` */
  readonly type: string;
  readonly version: number;
  readonly timestamp: Date;
  readonly payload: Payload;
  readonly metadata: EventMetadata;
}

/** What subscribers of an event get as its payload. */
export type PayloadOf<Contract extends AnyEventContract> = StandardSchemaV1.InferOutput<Contract['schema']>;
