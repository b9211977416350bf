import { AsyncLocalStorage } from 'node:async_hooks';
import type { Tracer } from './tracer.ts';

/** What the code that runs now was caused by. Whatever it enqueues or publishes inherits it. */
export interface Cause {
  /** Ties together everything that one request caused. */
  readonly correlationId: string | undefined;
  /** The id of the event or job whose handler runs. */
  readonly causationId: string | undefined;
  /** Who began it, by the app's own id. */
  readonly userId: string | undefined;
  /** W3C traceparent of the span that runs. */
  readonly traceparent: string | undefined;
  /** Who makes its spans, where anybody does: calls that it makes are spans of their own. */
  readonly tracer?: Tracer | undefined;
}

// The one state of this room: Node gives each chain of calls its own, so it is shared by nobody.
const storage = new AsyncLocalStorage<Cause>();

/** Calls `run`; what it enqueues and publishes, now or later, names this cause unless it says otherwise. */
export function causedBy<Result>(cause: Cause, run: () => Result): Result {
  return storage.run(cause, run);
}

/** The cause of what runs now; undefined outside of handlers. About 20 ns. */
export function currentCause(): Cause | undefined {
  return storage.getStore();
}
