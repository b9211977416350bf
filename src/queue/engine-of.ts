import type { Engine } from '../engine/index.ts';

const ENGINES = new WeakMap<object, Engine>();

/** The engine below a client, for rooms that stand on a client that somebody else has opened. No method: whoever enqueues has no business with it. */
export function engineOf(client: object): Engine {
  const engine = ENGINES.get(client);
  if (engine === undefined) throw new TypeError('Expected a client that connect() has made.');
  return engine;
}

export function remember(client: object, engine: Engine): void {
  ENGINES.set(client, engine);
}
