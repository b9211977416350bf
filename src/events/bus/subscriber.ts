import { causedBy, type Tracer } from '../../tracing/index.ts';
import { createScrubber } from '../../privacy/index.ts';
import {
  isHandlerDecision,
  type AnyEventContract,
  type EventEnvelope,
  type EventMetadata,
  type HandlerDecision,
} from '../../contracts/index.ts';
import { EventHandlerError } from './event-handler-error.ts';
import { traceIdOf } from '../../queue/index.ts';
import { UndecodableEventError } from '../envelope/undecodable-event-error.ts';
import type { EventDeadReason, Facts, SubscriberFields } from '../../facts/index.ts';
import { backoffDelay, exponential, isPlatformAway, type Backoff } from '../../resilience/index.ts';
import { readCloudEvent, type ArrivedEvent } from '../envelope/cloud-event.ts';
import { openEvent } from '../envelope/open-event.ts';
import type { Delivery, Verdict } from '../transport.ts';

/** What a handler knows about the delivery beside the event. */
export interface Receipt {
  readonly subscription: string;
  /** 1 for the first delivery. */
  readonly attempt: number;
}

export type EventHandler<Payload = unknown> = (event: EventEnvelope<Payload>, receipt: Receipt) => unknown;

export interface SubscriberSetup {
  readonly name: string;
  readonly transport: string;
  readonly events: ReadonlyMap<string, AnyEventContract>;
  readonly facts: Facts;
  readonly tracer: Tracer;
  readonly handler: EventHandler;
  readonly attempts: number;
  readonly backoff: Backoff;
}

const DONE: Verdict = Object.freeze({ kind: 'done' });
const OUTAGE = exponential({ from: '5s', to: '5s' });

const UNKNOWN_METADATA: EventMetadata = {
  correlationId: '',
  causationId: undefined,
  userId: undefined,
  traceparent: undefined,
};

/** One handler with everything that stands between it and what a transport brings. */
export class Subscriber {
  readonly #setup: SubscriberSetup;

  constructor(setup: SubscriberSetup) {
    this.#setup = setup;
  }

  /** Reads, opens and handles; says what is to become of the delivery. Never rejects. */
  async deliver(delivery: Delivery): Promise<Verdict> {
    const { facts, events } = this.#setup;
    const reading = delivery.reading ?? readCloudEvent(delivery.text);
    if (reading.kind === 'unreadable') {
      const fields = this.#fields({ id: '', type: 'unknown', metadata: UNKNOWN_METADATA }, delivery);
      return this.#dead(fields, delivery, 'undecodable', new UndecodableEventError('that arrived', reading.reason));
    }
    const { event } = reading;
    if (delivery.repeatable && delivery.attempt > this.#setup.attempts) {
      const error = new UndecodableEventError(
        event.id,
        `its ${delivery.attempt - 1} deliveries ended without an answer (its handler may end the process)`,
      );
      return this.#dead(this.#fields(event, delivery), delivery, 'poison', error);
    }
    const contract = events.get(event.type);
    if (contract === undefined) {
      facts.emit('event.unhandled', this.#fields(event, delivery));
      return DONE;
    }
    const opening = openEvent(contract, event);
    switch (opening.kind) {
      case 'envelope':
        return this.#handle(contract, opening.envelope, delivery);
      case 'newer-version': {
        const error = new UndecodableEventError(event.id, opening.reason);
        return this.#failed(this.#fields(event, delivery), delivery, 0, error);
      }
      case 'unreadable': {
        const error = new UndecodableEventError(event.id, opening.reason);
        return this.#dead(this.#fields(event, delivery), delivery, 'undecodable', error);
      }
      default:
        return opening satisfies never;
    }
  }

  async #handle(contract: AnyEventContract, envelope: EventEnvelope, delivery: Delivery): Promise<Verdict> {
    const { facts, tracer, handler, name } = this.#setup;
    const { correlationId, userId, traceparent } = envelope.metadata;
    const { attempt } = delivery;
    const startedAt = performance.now();
    try {
      await tracer.span(
        `event.handle.${envelope.type}`,
        traceparent,
        { 'event.id': envelope.id, 'event.subscription': name, 'event.attempt': attempt },
        // An async function, so that a handler that throws at once rejects as well.
        async span => {
          const cause = { correlationId, causationId: envelope.id, userId, traceparent: span, tracer };
          const result = await causedBy(cause, () => handler(envelope, { subscription: name, attempt }));
          if (isHandlerDecision(result)) throw result;
        },
        'consumer',
      );
    } catch (thrown) {
      const ranMs = Math.round(performance.now() - startedAt);
      const fields = this.#fields(envelope, delivery);
      const said = look(name, contract, envelope, thrown);
      if (said instanceof Error) return this.#failed(fields, delivery, ranMs, said);
      // What a handler says may repeat the event, as what it throws may.
      const reason = createScrubber(contract, envelope.payload)(said.reason);
      return this.#said({ ...said, reason }, fields, delivery, ranMs);
    }
    if (facts.wants('event.handled')) {
      const ranMs = Math.round(performance.now() - startedAt);
      // Between two machines' clocks: shown, and nothing is decided by it.
      const lagMs = Math.max(0, Date.now() - ranMs - envelope.timestamp.getTime());
      facts.emit('event.handled', { ...this.#fields(envelope, delivery), lagMs, ranMs });
    }
    return DONE;
  }

  #failed(fields: SubscriberFields, delivery: Delivery, ranMs: number, error: Error): Verdict {
    const { facts, attempts, backoff } = this.#setup;
    if (!delivery.repeatable) {
      facts.emit('event.failed', { ...fields, ranMs, error: withoutCause(error) });
      return { kind: 'failed', error };
    }
    // No event is to blame, and none must die of it.
    if (isPlatformAway(error)) return this.#again(fields, ranMs, backoffDelay(OUTAGE, 1), false, error);
    if (delivery.attempt >= attempts) return this.#dead(fields, delivery, 'attempts-exhausted', error);
    return this.#again(fields, ranMs, backoffDelay(backoff, delivery.attempt), true, error);
  }

  /** What the handler itself said: `retryAfter`, `snooze`, `cancel`, `dead`. */
  #said(decision: HandlerDecision, fields: SubscriberFields, delivery: Delivery, ranMs: number): Verdict {
    const { attempts, name } = this.#setup;
    const error = new EventHandlerError(name, fields.eventType, decision.reason);
    if (decision.what === 'cancel') return DONE;
    if (!delivery.repeatable) return this.#failed(fields, delivery, ranMs, error);
    switch (decision.what) {
      case 'dead':
        return this.#dead(fields, delivery, 'said-by-handler', error);
      case 'snooze':
        return this.#again(fields, ranMs, decision.forMs, false, error);
      case 'retry':
        if (delivery.attempt >= attempts) return this.#dead(fields, delivery, 'attempts-exhausted', error);
        return this.#again(fields, ranMs, decision.afterMs, true, error);
      default:
        return decision satisfies never;
    }
  }

  #again(fields: SubscriberFields, ranMs: number, afterMs: number, spent: boolean, error: Error): Verdict {
    this.#setup.facts.emit('event.retried', { ...fields, ranMs, retryInMs: afterMs, error: withoutCause(error) });
    return { kind: 'retry', afterMs, spent, error };
  }

  #dead(fields: SubscriberFields, delivery: Delivery, reason: EventDeadReason, error: Error): Verdict {
    const { facts } = this.#setup;
    if (!delivery.repeatable) {
      facts.emit('event.failed', { ...fields, ranMs: 0, error: withoutCause(error) });
      return { kind: 'failed', error };
    }
    facts.emit('event.dead', { ...fields, reason, error: withoutCause(error) });
    return { kind: 'dead', reason, error };
  }

  #fields(event: Pick<ArrivedEvent, 'id' | 'type' | 'metadata'>, { attempt }: Delivery): SubscriberFields {
    return {
      eventId: event.id,
      eventType: event.type,
      transport: this.#setup.transport,
      correlationId: event.metadata.correlationId,
      traceId: traceIdOf(event.metadata.traceparent),
      subscription: this.#setup.name,
      attempt,
    };
  }
}

/** What was thrown may be a proxy, or an error whose stack is no text: even asking what it is throws, and would end the process. */
function look(
  name: string,
  contract: AnyEventContract,
  envelope: EventEnvelope,
  thrown: unknown,
): HandlerDecision | Error {
  try {
    return isHandlerDecision(thrown) ? thrown : handlerError(name, contract, envelope, thrown);
  } catch {
    return new EventHandlerError(name, envelope.type, 'it threw something that cannot be looked at');
  }
}

/** Says who failed and why, without the values of sensitive fields; what was thrown is its cause, for the caller alone. */
function handlerError(
  name: string,
  contract: AnyEventContract,
  { type, payload }: EventEnvelope,
  thrown: unknown,
): EventHandlerError {
  const scrub = createScrubber(contract, payload);
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : 'it threw something that is no Error';
  const error = new EventHandlerError(name, type, scrub(message).slice(0, 500), { cause: thrown });
  if (thrown instanceof Error && thrown.stack !== undefined) {
    const frames = thrown.stack.split('\n').filter(line => line.startsWith('    at '));
    // A message of several lines may look like frames.
    error.stack = [`${error.name}: ${error.message}`, scrub(frames.slice(0, 20).join('\n'))].join('\n');
  }
  return error;
}

/** For facts: what was thrown may carry anything. */
function withoutCause(error: Error): Error {
  if (error.cause === undefined) return error;
  const copy = new Error(error.message);
  copy.name = error.name;
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}
