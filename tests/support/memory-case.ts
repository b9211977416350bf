import { memoryServerWith, VirtualClock } from '../../src/engine/memory/index.ts';
import { namespace, type AnyEngineCase } from './engines.ts';
import { isThere, PATIENCE_MS, type There } from './wait-for.ts';

/** An engine in this process whose time passes when `clock` is moved. */
export interface MemoryCase extends AnyEngineCase {
  readonly kind: 'memory';
  readonly clock: VirtualClock;
  /** Lets time pass in small steps until the answer is there, and returns it; a falsy answer is "not yet". */
  until<Value>(what: string, ask: () => Value | Promise<Value>): Promise<There<Value>>;
}

const STEP_MS = 50;
/** What follows from one step has happened before the next: each await of what runs is a turn of the loop at most. */
const TURNS = 8;

/** For what concerns the code above the engine alone: nothing waits, and no server takes part. */
export function memoryCase(now = Date.now()): MemoryCase {
  const clock = new VirtualClock(now);
  const step = async (): Promise<void> => {
    await clock.advance(STEP_MS);
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
  };
  return {
    kind: 'memory',
    clock,
    async until(what, ask) {
      const endsAt = performance.now() + PATIENCE_MS;
      for (;;) {
        await step();
        const answer = await ask();
        if (isThere(answer)) return answer;
        if (performance.now() > endsAt) throw new Error(`Let time pass in vain for ${what}.`);
      }
    },
    async open() {
      const name = namespace();
      memoryServerWith(name, clock);
      return { url: `memory://${name}`, namespace: 'test', cleanup: async () => undefined };
    },
  };
}

/** Engines in this process that go by the computer's time. */
export const inMemory: AnyEngineCase = {
  kind: 'memory',
  open: async () => ({ url: `memory://${namespace()}`, namespace: 'test', cleanup: async () => undefined }),
};
