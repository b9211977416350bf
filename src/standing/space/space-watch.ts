import type { Engine, EngineSpace, QueueSpace, SpaceKind } from '../../engine/index.ts';

/** What the engine has stored, and how fast it fills. */
export interface Space extends EngineSpace {
  readonly growth: SpaceGrowth | undefined;
}

/** Between two looks; the window ends at the last one. */
export interface SpaceGrowth {
  readonly overMs: number;
  readonly bytes: number;
  /** The queue that has grown most, and what of it. */
  readonly most: { readonly queue: string; readonly kind: SpaceKind; readonly bytes: number } | undefined;
}

interface Look extends EngineSpace {
  readonly at: number;
}

/** Long enough that what comes and goes (a client's buffer, a page of a table) does not count as growth. */
const WINDOW_MS = 120_000;
export const LEAST_MS = 4_000;

/** Remembers the looks of the last two minutes: growth is the difference between the first of them and the last. */
export class SpaceWatch {
  readonly #engine: Engine;
  #looks: readonly Look[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Undefined where the engine does not tell: an account may lack the right to ask. */
  async read(queues: readonly string[]): Promise<Space | undefined> {
    const found = await this.#engine.space(queues).catch(() => undefined);
    if (found === undefined) return undefined;
    const look = { ...found, at: this.#engine.clock.now() };
    const [first] = this.#looks;
    this.#looks = [...this.#looks.filter(({ at }) => at <= look.at && look.at - at < WINDOW_MS), look];
    return { ...found, growth: first === undefined ? undefined : growthBetween(this.#looks[0] ?? first, look) };
  }
}

export function growthBetween(first: Look, last: Look): SpaceGrowth | undefined {
  const overMs = last.at - first.at;
  if (overMs < LEAST_MS) return undefined;
  const before = new Map(first.queues.map(queue => [queue.name, queue.bytes]));
  const grown = last.queues.flatMap(({ name, bytes }) =>
    kindsOf(bytes).map(([kind, now]) => ({ queue: name, kind, bytes: now - (before.get(name)?.[kind] ?? 0) })),
  );
  const most = grown.toSorted((a, b) => b.bytes - a.bytes)[0];
  return {
    overMs,
    bytes: last.usedBytes - first.usedBytes,
    most: most !== undefined && most.bytes > 0 ? most : undefined,
  };
}

/** What takes most of all queues. */
export function largestOf(
  queues: readonly QueueSpace[],
): { readonly queue: string; readonly kind: SpaceKind; readonly bytes: number } | undefined {
  const all = queues.flatMap(({ name, bytes }) =>
    kindsOf(bytes).map(([kind, size]) => ({ queue: name, kind, bytes: size })),
  );
  const [largest] = all.toSorted((a, b) => b.bytes - a.bytes);
  return largest !== undefined && largest.bytes > 0 ? largest : undefined;
}

function kindsOf({
  waiting,
  running,
  delayed,
  succeeded,
  dead,
  events,
}: QueueSpace['bytes']): readonly (readonly [SpaceKind, number])[] {
  return [
    ['waiting', waiting],
    ['running', running],
    ['delayed', delayed],
    ['succeeded', succeeded],
    ['dead', dead],
    ['events', events],
  ];
}
