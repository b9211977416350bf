// Long because all that a publisher and a subscriber may ask stands in this one class, each with its shapes and errors.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { currentCause, plainTracer, type Tracer } from '../../tracing/index.ts';
import {
  requireEventRequest,
  type AnyEventContract,
  type EventContract,
  type EventRequest,
} from '../../contracts/index.ts';
import { BusClosedError } from './bus-closed-error.ts';
import { CapabilityMissingError } from '../capability-missing-error.ts';
import { type EventHandlerError } from './event-handler-error.ts';
import { EventUnknownError } from './event-unknown-error.ts';
import { InvalidOptionsError, kindOfTime, requireShape } from '../../errors/index.ts';
import { Facts, type EventFields } from '../../facts/index.ts';
import { traceIdOf } from '../../queue/index.ts';
import { createIdSource, type IdSource } from '../../time/index.ts';
import {
  BUS_OPTIONS,
  type BusOptions,
  type PublishedEvent,
  type ReplayOptions,
  type Unsubscribe,
} from './bus-options.ts';
import { shownLetter, type EventDeadLetter } from './dead-letter.ts';
import { failureOf } from './local-failure.ts';
import { fieldsOf, outgoing } from './outgoing.ts';
import { readPattern, type Pattern } from '../pattern.ts';
import { stampEvent, type StampedEvent } from '../envelope/stamp-event.ts';
import { SteadySend } from './steady-send.ts';
import { emitFacts } from './emit-facts.ts';
import { ABLE, checkSubscription, expectHandler, type SubscribeOptions } from './subscribe-options.ts';
import { Subscriber, type EventHandler } from './subscriber.ts';
import type { Capabilities, LocalResult, OutgoingEvent, StopSubscription, Transport } from '../transport.ts';

const CLOSE_MS = 10_000;

/**
 * Publishes and subscribes events, over any transport.
 *
 * Use: `bus.publish(userRegistered({ ... }))` and `bus.subscribe(userRegistered, async event => { ... }, { group: 'greeter' })`.
 * What a handler publishes or enqueues inherits correlation, cause, user and trace of the event that it handles.
 */
export class Bus {
  readonly facts: Facts;
  readonly #transport: Transport;
  readonly #events: ReadonlyMap<string, AnyEventContract>;
  readonly #tracer: Tracer;
  readonly #source: string;
  readonly #ids: IdSource = createIdSource();
  readonly #steady: SteadySend;
  readonly #stops = new Set<Unsubscribe>();
  #closing: Promise<void> | undefined;
  #isClosed = false;

  /** @throws InvalidOptionsError when two contracts have one name, or `retry` is out of range */
  constructor(options: BusOptions) {
    requireShape('the options of a Bus', options, BUS_OPTIONS, { events: 'a list', transport: 'an object' });
    const {
      events,
      transport,
      facts = new Facts(),
      tracer = plainTracer,
      source = 'urn:shiftwork',
      retry = {},
    } = options;
    this.facts = facts;
    this.#transport = transport;
    this.#tracer = tracer;
    this.#source = source;
    const byName = new Map<string, AnyEventContract>();
    for (const contract of events) {
      const known = byName.get(contract.name);
      if (known !== undefined && known !== contract) {
        throw new InvalidOptionsError(`Expected each event once, found two contracts named "${contract.name}".`);
      }
      byName.set(contract.name, contract);
    }
    this.#events = byName;
    this.#steady = new SteadySend(transport.name, retry);
    transport.listen(emitFacts(facts, transport.name));
  }

  get transport(): string {
    return this.#transport.name;
  }

  get capabilities(): Capabilities {
    return this.#transport.capabilities;
  }

  /**
   * Publishes an event. Resolves when the transport has acknowledged it; what subscribers do with it never comes back here.
   * @throws InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError, EventUnknownError, BusUnavailableError, BusClosedError;
   *   all as rejections
   */
  publish(request: EventRequest): Promise<PublishedEvent> {
    return this.#publish(request, event =>
      this.#steady.send(`the event "${event.id}"`, () => this.#transport.publish(event)),
    );
  }

  /**
   * Publishes within this process and waits for every subscriber.
   * @throws AggregateError of EventHandlerError, one for each subscriber that failed, beside what `publish` throws;
   *   CapabilityMissingError on other transports
   */
  async publishAndWait(request: EventRequest): Promise<PublishedEvent> {
    const transport = this.#transport;
    if (transport.publishAndWait === undefined) {
      throw new CapabilityMissingError(transport.name, 'publishAndWait()', 'in-process', 'in-process');
    }
    let failures: readonly EventHandlerError[] = [];
    const published = await this.#publish(request, async event => {
      const results = (await transport.publishAndWait?.(event)) ?? [];
      failures = results.flatMap(({ subscription, verdict }) => failureOf(subscription, event.type, verdict));
    });
    if (failures.length > 0) {
      const names = failures.map(({ subscriber }) => subscriber).join(', ');
      throw new AggregateError(
        failures,
        `${failures.length} of the subscribers of "${published.type}" failed: ${names}`,
      );
    }
    return published;
  }

  /**
   * Publishes an event that was stamped before, as it is: for the relay. A transport that keeps nothing beyond this process is waited
   * for, and the first subscriber that failed is the error.
   */
  async forward(event: OutgoingEvent): Promise<void> {
    this.#expectOpen();
    const startedAt = performance.now();
    const transport = this.#transport;
    let results: readonly LocalResult[] = [];
    if (transport.publishAndWait === undefined) await transport.publish(event);
    else results = await transport.publishAndWait(event);
    for (const { verdict } of results) if (verdict.kind !== 'done') throw verdict.error;
    if (!this.facts.wants('event.published')) return;
    this.facts.emit('event.published', {
      ...fieldsOf(event, transport.name),
      tookMs: Math.round(performance.now() - startedAt),
    });
  }

  /**
   * Calls the handler for each event of the contract, or for each whose type fits the pattern. Resolves when events flow; a
   * rejected one leaves no trace. A handler that throws affects no other.
   * @throws InvalidOptionsError, EventUnknownError, CapabilityMissingError, BusUnavailableError, BusClosedError; as rejections
   */
  subscribe<Schema extends StandardSchemaV1>(
    event: EventContract<Schema>,
    handler: EventHandler<StandardSchemaV1.InferOutput<Schema>>,
    options?: SubscribeOptions,
  ): Promise<Unsubscribe>;
  subscribe(event: AnyEventContract | string, handler: EventHandler, options?: SubscribeOptions): Promise<Unsubscribe>;
  async subscribe(
    what: AnyEventContract | string,
    // A contract's payloads fit its handler: `openEvent` has validated them.
    handler: EventHandler<never>,
    options: SubscribeOptions = {},
  ): Promise<Unsubscribe> {
    this.#expectOpen();
    const pattern = this.#patternOf(what);
    const checked = checkSubscription(pattern.text, options);
    expectHandler(pattern.text, handler);
    const { name: transport, capabilities } = this.#transport;
    if (checked.group !== undefined && !capabilities.groups) {
      throw new CapabilityMissingError(transport, `group "${checked.group}"`, 'groups', ABLE.groups);
    }
    if (checked.from === 'start' && !capabilities.replay) {
      throw new CapabilityMissingError(transport, 'from "start"', 'replay', ABLE.replay);
    }
    const name = options.name ?? checked.group ?? (handler.name || pattern.text);
    const subscriber = new Subscriber({
      name,
      transport,
      events: this.#events,
      facts: this.facts,
      tracer: this.#tracer,
      handler: handler as EventHandler,
      attempts: checked.attempts,
      backoff: checked.backoff,
    });
    const stop = await this.#transport.subscribe({
      ...checked,
      name,
      pattern,
      concurrency: checked.concurrency ?? this.#transport.defaultConcurrency,
      deliver: delivery => subscriber.deliver(delivery),
    });
    if (this.#closing !== undefined) {
      // Closed meanwhile, and this one was not among those that were ended.
      await stop(0);
      throw new BusClosedError();
    }
    return this.#keep(stop);
  }

  /**
   * Calls the handler for the events that were published before, one by one, oldest first. Resolves with how many there were;
   * rejects with the handler's error at the first that fails.
   */
  async replay<Schema extends StandardSchemaV1>(
    event: EventContract<Schema> | string,
    handler: EventHandler<StandardSchemaV1.InferOutput<Schema>>,
    { from, signal }: ReplayOptions,
  ): Promise<number> {
    this.#expectOpen();
    const transport = this.#transport;
    if (transport.replay === undefined) {
      throw new CapabilityMissingError(transport.name, 'replay()', 'replay', ABLE.replay);
    }
    const pattern = this.#patternOf(event);
    expectHandler(pattern.text, handler);
    if (typeof from !== 'string' && !(from instanceof Date && !Number.isNaN(from.getTime()))) {
      throw new InvalidOptionsError(`Expected a replay from a valid Date or an event's id, got ${kindOfTime(from)}.`);
    }
    const subscriber = new Subscriber({
      name: `replay of ${pattern.text}`,
      transport: transport.name,
      events: this.#events,
      facts: this.facts,
      tracer: this.#tracer,
      handler: handler as EventHandler,
      attempts: 1,
      backoff: { kind: 'fixed', delayMs: 1 },
    });
    return transport.replay({
      pattern,
      from,
      signal,
      async deliver(text) {
        const verdict = await subscriber.deliver({ text, attempt: 1, repeatable: false });
        if (verdict.kind !== 'done') throw verdict.error;
      },
    });
  }

  /**
   * What ended in failure, the oldest first; nothing on transports that deliver once at most.
   * @throws BusUnavailableError, as the next three; InvalidOptionsError
   */
  async deadLetters(limit = 100): Promise<readonly EventDeadLetter[]> {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new InvalidOptionsError(`Expected limit of dead letters to be an integer of at least 1, got ${limit}.`);
    }
    const stored = (await this.#transport.deadLetters?.list(limit)) ?? [];
    return stored.map(letter => shownLetter(this.#events, letter));
  }

  async countDeadLetters(): Promise<number> {
    return (await this.#transport.deadLetters?.count()) ?? 0;
  }

  /**
   * Delivers a dead letter again to the subscription that it died in, and to no other. False when there is none of that id, or when the
   * place of that subscription is gone: the letter stays.
   */
  async replayDeadLetter(id: string): Promise<boolean> {
    return (await this.#transport.deadLetters?.replay(id)) ?? false;
  }

  async discardDeadLetter(id: string): Promise<boolean> {
    return (await this.#transport.deadLetters?.discard(id)) ?? false;
  }

  /**
   * Takes nothing more, lets running handlers end (at most `timeoutMs`; until then they may publish), closes the connections. Never
   * rejects.
   */
  close(timeoutMs = CLOSE_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    const left = (): number => Math.max(0, Math.ceil(endsAt - performance.now()));
    await this.#transport.drain?.(timeoutMs);
    await Promise.all([...this.#stops].map(stop => stop(left())));
    this.#isClosed = true;
    await this.#transport.close(left());
  }

  async #publish(request: EventRequest, send: (event: OutgoingEvent) => Promise<void>): Promise<PublishedEvent> {
    // Not refused while it closes: a handler that is let end would fail at what it has to say.
    if (this.#isClosed) throw new BusClosedError();
    const { contract } = requireEventRequest(request);
    this.#expectKnown(contract);
    const startedAt = performance.now();
    return this.#tracer.span(
      `event.publish.${contract.name}`,
      currentCause()?.traceparent,
      { 'event.type': contract.name, 'event.transport': this.#transport.name },
      async traceparent => {
        const stamped = stampEvent(request, this.#ids, traceparent);
        await send(outgoing(stamped, this.#source));
        if (this.facts.wants('event.published')) {
          this.facts.emit('event.published', {
            ...this.#fields(stamped),
            tookMs: Math.round(performance.now() - startedAt),
          });
        }
        const { id, timestamp, metadata } = stamped;
        return { id, type: contract.name, timestamp, correlationId: metadata.correlationId };
      },
      'producer',
    );
  }

  #keep(stop: StopSubscription): Unsubscribe {
    let stopping: Promise<void> | undefined;
    const unsubscribe: Unsubscribe = (timeoutMs = CLOSE_MS) => {
      this.#stops.delete(unsubscribe);
      stopping ??= stop(timeoutMs);
      return stopping;
    };
    this.#stops.add(unsubscribe);
    return unsubscribe;
  }

  #patternOf(what: AnyEventContract | string): Pattern {
    if (typeof what !== 'string') {
      this.#expectKnown(what);
      return readPattern(what.name);
    }
    const pattern = readPattern(what);
    if (![...this.#events.keys()].some(name => pattern.matches(name))) {
      this.facts.emit('bus.warning', {
        transport: this.#transport.name,
        warning: `the pattern "${what}" fits no event of this bus (${[...this.#events.keys()].join(', ')})`,
      });
    }
    return pattern;
  }

  #expectKnown(contract: AnyEventContract): void {
    if (this.#events.get(contract.name) !== contract) {
      throw new EventUnknownError(contract.name, [...this.#events.keys()]);
    }
  }

  #expectOpen(): void {
    if (this.#closing !== undefined) throw new BusClosedError();
  }

  #fields({ id, contract, metadata }: StampedEvent): EventFields {
    return {
      eventId: id,
      eventType: contract.name,
      transport: this.#transport.name,
      correlationId: metadata.correlationId,
      traceId: traceIdOf(metadata.traceparent),
    };
  }
}
