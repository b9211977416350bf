import type { App } from '../contracts/index.ts';
import type { Engine } from '../engine/index.ts';
import { InvalidOptionsError, kindOf } from '../errors/index.ts';
import type { JobWatches } from './watch/job-watches.ts';
import type { TagWatches } from './watch/tag-watches.ts';

/** What is below a client: for rooms that stand on a client that somebody else has opened. */
export interface ClientInsides {
  readonly engine: Engine;
  /** Of the app that the client was connected with. */
  readonly jobs: App['jobs'] | undefined;
  /** Everybody in this process who follows jobs. */
  readonly watches: JobWatches;
  readonly tagWatches: TagWatches;
}

const INSIDES = new WeakMap<object, ClientInsides>();

/**
 * No method of the client: whoever enqueues has no business with it.
 * @throws InvalidOptionsError for what connect() has not made
 */
export function insidesOf(client: object): ClientInsides {
  const insides = INSIDES.get(client);
  if (insides === undefined) {
    throw new InvalidOptionsError(
      `Expected a client that connect() of this copy of shiftwork has made, got ${kindOf(client)}.`,
    );
  }
  return insides;
}

export function remember(client: object, insides: ClientInsides): void {
  INSIDES.set(client, insides);
}
