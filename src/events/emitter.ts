import { toError, requireShape } from '../errors/index.ts';
import { Facts } from '../facts/index.ts';

export interface EmitterOptions {
  /** Where a listener that fails is stated (`listener.failed`); a new one when left out. */
  readonly facts?: Facts;
}

export interface IterateOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** Values that wait for a slow reader at most; older ones give way and are counted. 1,000 by default. */
  readonly limit?: number;
}

type Listener<Value> = (value: Value) => unknown;
/** How often it is to be called. */
type Times = 'always' | 'once';

/**
 * Signals within one process, typed by name: `new Emitter<{ 'cart.changed': Cart }>()`. No validation, no envelope, no wire: for what
 * the bus would be too much. A listener that throws or rejects affects neither the others nor the one who emits.
 */
export class Emitter<Events extends object> {
  readonly #facts: Facts;
  // Each map holds listeners of its own name's value alone: `on` is the only way in.
  readonly #listeners = new Map<keyof Events, Map<Listener<never>, Times>>();

  constructor(options: EmitterOptions = {}) {
    requireShape('the options of an Emitter', options, { facts: true });
    this.#facts = options.facts ?? new Facts();
  }

  /** Returns a function that takes the listener off again. A listener that is on already is not called twice. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    return this.#add(name, listener, 'always');
  }

  /** As `on`, for the next value alone. A listener that is on already stays on. */
  once<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const isOn = this.#listeners.get(name)?.get(listener) === 'always';
    return this.#add(name, listener, isOn ? 'always' : 'once');
  }

  /** Takes off what `on` or `once` brought. */
  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const listeners = this.#listeners.get(name);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(name);
  }

  /** Calls every listener that is on now, in the order of their coming. True when there was one. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): boolean {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return false;
    // A copy: a listener that is added meanwhile gets the next value.
    for (const [listener, times] of new Map(listeners)) {
      // Off before it is called: what it emits itself must not reach it again.
      if (times === 'once') this.off(name, listener as Listener<Events[Name]>);
      this.#notify(name, listener as Listener<Events[Name]>, value);
    }
    return true;
  }

  /** The values from now on: `for await (const value of emitter.values('cart.changed', { signal }))`. */
  values<Name extends keyof Events>(
    name: Name,
    { signal, limit = 1_000 }: IterateOptions = {},
  ): AsyncIterableIterator<Events[Name]> {
    const waiting: Events[Name][] = [];
    const readers: ((result: IteratorResult<Events[Name]>) => void)[] = [];
    let ended = false;
    const stop = this.on(name, value => {
      const reader = readers.shift();
      if (reader !== undefined) return reader({ done: false, value });
      waiting.push(value);
      if (waiting.length > limit) {
        waiting.shift();
        this.#emitFailed(
          name,
          new Error(`A reader of ${String(name)} is too slow: of ${limit} values the oldest was dropped.`),
        );
      }
    });
    const end = (): void => {
      ended = true;
      stop();
      signal?.removeEventListener('abort', end);
      for (const reader of readers.splice(0)) reader({ done: true, value: undefined });
    };
    if (signal?.aborted === true) end();
    signal?.addEventListener('abort', end, { once: true });
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        // Not by `shift() === undefined`: a value may be undefined.
        for (const value of waiting.splice(0, 1)) return { done: false, value };
        if (ended) return { done: true, value: undefined };
        return new Promise(resolve => readers.push(resolve));
      },
      async return() {
        end();
        return { done: true, value: undefined };
      },
    };
  }

  #add<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>, times: Times): () => void {
    const listeners = this.#listeners.get(name) ?? new Map<Listener<never>, Times>();
    this.#listeners.set(name, listeners);
    listeners.set(listener, times);
    return () => this.off(name, listener);
  }

  #notify<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>, value: Events[Name]): void {
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch((error: unknown) => this.#emitFailed(name, error));
    } catch (error) {
      this.#emitFailed(name, error);
    }
  }

  #emitFailed(name: keyof Events, cause: unknown): void {
    this.#facts.emit('listener.failed', { fact: String(name), error: toError(cause) });
  }
}

/** What a listener threw may refuse to be a text, or to be looked at at all. */
