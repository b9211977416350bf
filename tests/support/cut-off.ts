import type { Engine } from '../../src/engine/index.ts';

/** What a client writes that acts on a job. */
const WRITES: ReadonlySet<string> = new Set(['add', 'addJobLog', 'change', 'holdKey', 'remove', 'replaceMember']);
/** What an engine opens, of which these are methods. */
const OPENED: ReadonlySet<string> = new Set(['batches', 'existingQueue', 'queue', 'turns']);

/** An engine that asks before each write of its user, with its number from 1 on; where that throws, the write comes to nothing. */
export function askingBefore(engine: Engine, ask: (write: string, nth: number) => void | Promise<void>): Engine {
  let writes = 0;
  const watched = <Whole extends object>(whole: Whole): Whole =>
    new Proxy(whole, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function' || typeof name !== 'string') return member;
        if (!WRITES.has(name) && !OPENED.has(name)) return member.bind(target);
        return async (...args: readonly unknown[]) => {
          if (WRITES.has(name)) await ask(name, (writes += 1));
          const answer: unknown = await Reflect.apply(member, target, args);
          // There may be no such queue.
          return OPENED.has(name) && answer !== undefined ? watched(Object(answer)) : answer;
        };
      },
    });
  return watched(engine);
}

/** An engine whose user is killed before its nth write: that one and all that follow come to nothing. `before` says which it was. */
export function cutOff(engine: Engine, nth: number): { readonly engine: Engine; readonly before: () => string } {
  let before = '';
  const killed = askingBefore(engine, (write, number) => {
    if (number === nth) before = write;
    if (number >= nth) throw new Error('It was killed.');
  });
  return { engine: killed, before: () => before };
}
