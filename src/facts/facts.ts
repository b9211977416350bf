import { toError } from '../errors/index.ts';
import type { Fact, FactName, FactTable } from './fact-table.ts';

export type FactListener<Name extends FactName = FactName> = (fact: Fact<Name>) => void;

/**
 * Where the platform states what it does, and where loggers, metrics and tests listen.
 *
 * Use: `facts.on('job.dead', ({ fields }) => ...)`, `facts.onAny(logger)`, and in tests
 * `await facts.next('job.succeeded', f => f.jobId === id)`.
 * A listener that throws, or whose promise rejects, never reaches the one who states the fact: it becomes `listener.failed`.
 */
export class Facts {
  readonly #byName = new Map<FactName, Set<FactListener>>();
  readonly #any = new Set<FactListener>();

  /** True when somebody listens: lets hot paths skip building the fields. */
  wants(name: FactName): boolean {
    return this.#any.size > 0 || this.#byName.has(name);
  }

  emit<Name extends FactName>(name: Name, fields: FactTable[Name]): void {
    const listeners = this.#byName.get(name);
    if (listeners === undefined && this.#any.size === 0) return;
    // The one cast of this room: a name and its own fields are one member of the union.
    const fact = { name, fields } as Fact;
    if (listeners !== undefined) for (const listener of listeners) this.#notify(listener, fact);
    for (const listener of this.#any) this.#notify(listener, fact);
  }

  on<Name extends FactName>(name: Name, listener: FactListener<Name>): () => void {
    const wrapped: FactListener = fact => (fact.name === name ? listener(fact as Fact<Name>) : undefined);
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(wrapped);
    return () => {
      listeners.delete(wrapped);
      if (listeners.size === 0 && this.#byName.get(name) === listeners) this.#byName.delete(name);
    };
  }

  /** Listens to every fact. */
  onAny(listener: FactListener): () => void {
    this.#any.add(listener);
    return () => this.#any.delete(listener);
  }

  /** The next fact of that name that matches. Rejects with the signal's reason when it aborts. */
  next<Name extends FactName>(
    name: Name,
    matches: (fields: FactTable[Name]) => boolean = () => true,
    signal?: AbortSignal,
  ): Promise<FactTable[Name]> {
    return new Promise((resolve, reject) => {
      const stop = this.on(name, fact => {
        const fields = fact.fields as FactTable[Name];
        if (!matches(fields)) return;
        signal?.removeEventListener('abort', aborted);
        stop();
        resolve(fields);
      });
      const aborted = () => {
        stop();
        reject(signal?.reason);
      };
      if (signal?.aborted) aborted();
      else signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  #notify(listener: FactListener, fact: Fact): void {
    try {
      const answer: unknown = listener(fact);
      // An `async` listener: its rejection, handled by nobody, would end the process.
      if (answer instanceof Promise) answer.catch((cause: unknown) => this.#failed(fact, cause));
    } catch (cause) {
      this.#failed(fact, cause);
    }
  }

  #failed({ name }: Fact, cause: unknown): void {
    if (name === 'listener.failed') return;
    this.emit('listener.failed', { fact: name, error: toError(cause) });
  }
}
