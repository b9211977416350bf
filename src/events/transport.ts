import type { Backoff } from '../resilience/index.ts';
import type { Reading } from './envelope/cloud-event.ts';
import type { Pattern } from './pattern.ts';

/** What a transport can do; the contract suite holds it to that. */
export interface Capabilities {
  /** An acknowledged event outlives every process, the transport's own server included; a failed delivery is repeated. */
  readonly durable: boolean;
  /** Events that were published earlier can be read again. */
  readonly replay: boolean;
  /** With a concurrency of 1 and no failure, a subscription gets events in the order of their publication. */
  readonly ordered: boolean;
  /** Each subscription without a group gets every event. */
  readonly fanOut: boolean;
  /** Subscriptions of one group share events among them. */
  readonly groups: boolean;
}

/** An event on its way out. */
export interface OutgoingEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: Date;
  readonly correlationId: string;
  /** W3C traceparent. */
  readonly traceparent?: string | undefined;
  /** The CloudEvent. */
  readonly text: string;
}

/** An event on its way in. */
export interface Delivery {
  readonly text: string;
  /** Where the transport has read it already, for this delivery alone: opening it changes what was read. */
  readonly reading?: Reading | undefined;
  /** How often it was delivered to this subscription, this time included; deliveries that killed their process count. */
  readonly attempt: number;
  /** False where the transport cannot deliver it again. */
  readonly repeatable: boolean;
}

/** What is to become of a delivery. */
export type Verdict =
  | { readonly kind: 'done' }
  /** It failed, and nothing can be done about it. */
  | { readonly kind: 'failed'; readonly error: Error }
  /** `spent` false: what failed is not the event's fault, and its next delivery has the same number. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly spent: boolean; readonly error: Error }
  | { readonly kind: 'dead'; readonly reason: string; readonly error: Error };

export interface TransportSubscription {
  /** For people. */
  readonly name: string;
  readonly pattern: Pattern;
  readonly group: string | undefined;
  /** Handlers at once. */
  readonly concurrency: number;
  /** Deliveries at most, on a durable transport. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Where a new group begins. */
  readonly from: 'now' | 'start';
  /** Never rejects. */
  readonly deliver: (delivery: Delivery) => Promise<Verdict>;
}

/** Ends a subscription: takes nothing more and waits for running handlers, at most so long. */
export type StopSubscription = (timeoutMs: number) => Promise<void>;

/** What a transport reports: facts that it alone can know. */
export interface TransportListener {
  readonly lost: (error: Error) => void;
  readonly back: (awayMs: number) => void;
  /** Something that people should look at while the rest goes on. */
  readonly warned: (warning: string) => void;
  readonly unroutable: (event: OutgoingEvent) => void;
  readonly dropped: (subscription: string, count: number) => void;
  readonly trimmed: (subscription: string, lost: number) => void;
  readonly lag: (subscription: string, pending: number) => void;
}

export interface ReplayRequest {
  readonly pattern: Pattern;
  /** From an instant, or from an event's id (that event included). */
  readonly from: Date | string;
  readonly deliver: (text: string) => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** An event that ended in failure for one subscription, as the transport keeps it. */
export interface StoredLetter {
  /** Of the letter, not of the event. */
  readonly id: string;
  readonly subscription: string;
  /** Empty where it could not be read. */
  readonly eventId: string;
  readonly eventType: string;
  readonly reason: string;
  /** Without the values of sensitive fields. */
  readonly error: string;
  readonly attempts: number;
  readonly diedAt: Date;
  /** As it was delivered, with everything in it. */
  readonly text: string;
}

/** The dead letters of a durable transport. */
export interface EventDeadLetters {
  /** The oldest first. */
  list(limit: number): Promise<readonly StoredLetter[]>;
  count(): Promise<number>;
  /**
   * Delivers it once more, from attempt 1, to the subscription that it died in alone; false when there is none of that id, or when the
   * place of that subscription is gone: the letter stays.
   */
  replay(id: string): Promise<boolean>;
  discard(id: string): Promise<boolean>;
}

/**
 * Moves texts from publishers to subscriptions. It knows nothing of contracts: the bus stamps and opens.
 *
 * A new one has to pass `transport.contract-suite.ts` as far as its capabilities go.
 */
export interface Transport {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Handlers at once of a subscription that does not say. */
  readonly defaultConcurrency: number;
  /** Called once, before anything else. */
  listen(listener: TransportListener): void;
  /** Resolves when the server has acknowledged; rejects with BusUnavailableError. Never because of a subscriber. */
  publish(event: OutgoingEvent): Promise<void>;
  /** Delivers within this process and says what became of each delivery. */
  publishAndWait?(event: OutgoingEvent): Promise<readonly LocalResult[]>;
  /** Resolves when events flow; one that rejects leaves no trace. */
  subscribe(subscription: TransportSubscription): Promise<StopSubscription>;
  /** Reads what was published earlier, in order, one by one. Resolves with how many. */
  replay?(request: ReplayRequest): Promise<number>;
  /** There where deliveries are repeated. */
  readonly deadLetters?: EventDeadLetters;
  /**
   * Waits until nothing is under way, what handlers publish meanwhile included, at most so long. There where events live in this process
   * alone, and what is not handled before `close` is lost.
   */
  drain?(timeoutMs: number): Promise<void>;
  /** Ends every subscription (running handlers get so long) and the connections. Never rejects. */
  close(timeoutMs: number): Promise<void>;
}

export interface LocalResult {
  readonly subscription: string;
  readonly verdict: Verdict;
}
