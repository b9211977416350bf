import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, type EventRequest } from '../../contracts/index.ts';
import { ConcurrencyError } from '../append/concurrency-error.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import { defineDecider, on } from './decider.ts';
import { readExecuteOptions, type ExecuteOptions } from './execute-options.ts';
import { executeCommands } from './execute.ts';
import type { StateSource } from './load-state.ts';
import type { Snapshot } from './snapshots.ts';
import type { DecidedAppend, Streams } from './streams.ts';

const counted = defineEvent('counter.counted', { schema: z.object({ by: z.int() }) });
const counter = defineDecider<number, number>({
  name: 'counter',
  initial: 0,
  decide(by, sum) {
    if (sum + by < 0) throw new RangeError('below zero');
    return by === 0 ? [] : [counted({ by })];
  },
  evolve: [on(counted, (sum, { payload }) => sum + payload.by)],
});
/** A client of a transaction that nothing is asked of here. */
const TX = { query: () => Promise.reject(new Error('asked')) };

/** Streams in memory: an append is checked against their versions, as the store's is. */
class MemoryStreams implements Streams {
  readonly events: StoredEvent[] = [];
  appends = 0;
  /** Called before an append is written, once: what somebody else does meanwhile. */
  meanwhile: (() => void) | undefined;

  async *read(stream: string, { from }: { readonly from: number }): AsyncIterable<StoredEvent> {
    yield* this.events.filter(event => event.stream === stream && event.streamVersion >= from);
  }

  async streamWith(eventId: string): Promise<string | undefined> {
    return this.events.find(({ id }) => id === eventId)?.stream;
  }

  async prepare(appends: readonly DecidedAppend[]): ReturnType<Streams['prepare']> {
    const coming = appends.flatMap(({ stream, events, version }) =>
      events.map((event, nth) => stored(event, stream, version + nth + 1)),
    );
    return { coming, write: async () => this.#write(appends, coming) };
  }

  /** Another writer's event. */
  add(stream: string, by: number, id?: string): void {
    const version = this.#versionOf(stream) + 1;
    const event = counted({ by }, { id: id ?? `another's-${version}` });
    this.events.push({ ...stored(event, stream, version), position: version });
  }

  #write(appends: readonly DecidedAppend[], coming: readonly StoredEvent[]) {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    meanwhile?.();
    this.appends += 1;
    const eventIds = coming.map(({ id }) => id);
    const repeated = this.events.some(({ id }) => eventIds.includes(id));
    for (const { stream, version } of repeated ? [] : appends) {
      const actual = this.#versionOf(stream);
      if (actual !== version) throw new ConcurrencyError(stream, version, actual);
    }
    const positions = coming.map((_, nth) => this.events.length + nth + 1);
    if (!repeated) this.events.push(...coming.map((event, nth) => ({ ...event, position: positions[nth] ?? 0 })));
    return { position: positions.at(-1) ?? 0, positions, versions: [], eventIds, repeated };
  }

  #versionOf(stream: string): number {
    return this.events.filter(event => event.stream === stream).length;
  }
}

function stored({ contract, payload, options }: EventRequest, stream: string, version: number): StoredEvent {
  const id = options.id ?? `${stream}-${version}`;
  const metadata = { correlationId: id, causationId: undefined, userId: undefined, traceparent: undefined };
  const timestamp = new Date(0);
  const { name: type, version: schema } = contract;
  const where = { stream, streamVersion: version, position: 0, problem: undefined };
  return { id, type, version: schema, timestamp, payload, metadata, ...where };
}

function setup(decider = counter, every = Number.POSITIVE_INFINITY) {
  const streams = new MemoryStreams();
  const kept = new Map<string, Snapshot<number>>();
  const source: StateSource<number, number> = {
    streams,
    decider,
    snapshots: {
      isDue: (version, since) => version - since >= every,
      find: async stream => kept.get(stream),
      keep: async (stream, snapshot) => void kept.set(stream, snapshot),
    },
  };
  const together = (commands: Readonly<Record<string, number>>, options?: ExecuteOptions) =>
    executeCommands(
      source,
      Object.entries(commands).map(([stream, command]) => ({ stream, command })),
      readExecuteOptions(options),
    );
  const execute = async (by: number, options?: ExecuteOptions) => (await together({ a: by }, options))[0];
  return { streams, kept, together, execute };
}

describe('executing commands', () => {
  test('a command is decided on what its stream says, and appended behind it', async () => {
    const { streams, execute } = setup();
    streams.add('a', 3);
    expect(await execute(4)).toMatchObject({ state: 7, version: 2, position: 2, repeated: false });
    await expect(execute(-8)).rejects.toThrow('below zero');
    expect(streams.events).toHaveLength(2);
  });

  test('one that changes nothing writes nothing', async () => {
    const { streams, execute } = setup();
    streams.add('a', 3);
    expect(await execute(0)).toMatchObject({ state: 3, version: 1, position: 0, events: [] });
    expect(streams.appends).toBe(0);
  });

  test('where somebody else was faster it is decided anew, on what that one has made of the stream', async () => {
    const { streams, execute } = setup();
    streams.add('a', 6);
    streams.meanwhile = () => streams.add('a', 10);
    expect(await execute(-5)).toMatchObject({ state: 11, version: 3 });
    streams.meanwhile = () => streams.add('a', -10);
    await expect(execute(-5)).rejects.toThrow('below zero');
  });

  test('it is decided anew so many times, and not where the version was named', async () => {
    const { streams, execute } = setup();
    const faster = (): void => {
      streams.add('a', 1);
      streams.meanwhile = faster;
    };
    streams.meanwhile = faster;
    await expect(execute(1, { retries: 2 })).rejects.toMatchObject({ code: 'CONCURRENCY_CONFLICT' });
    expect(streams.appends).toBe(3);
    await expect(execute(1, { expectedVersion: 3 })).rejects.toMatchObject({ code: 'CONCURRENCY_CONFLICT' });
    expect(streams.appends).toBe(4);
    await expect(execute(1, { expectedVersion: 3 })).rejects.toMatchObject({ actualVersion: 4 });
    expect(streams.appends).toBe(4);
  });

  test('an evolution that fails on what was decided leaves nothing written', async () => {
    const trap = defineDecider<number, number>({
      name: 'trap',
      initial: 0,
      decide: by => [counted({ by })],
      evolve: [
        on(counted, (): number => {
          throw new TypeError('cannot evolve');
        }),
      ],
    });
    const { streams, execute } = setup(trap);
    await expect(execute(1)).rejects.toThrow('cannot evolve');
    expect(streams.events).toEqual([]);
  });

  test('under the name of one that was executed it changes nothing more, and answers with the state of now', async () => {
    const { streams, execute } = setup();
    await execute(5, { commandId: 'c' });
    streams.add('a', 1);
    expect(await execute(5, { commandId: 'c' })).toMatchObject({ state: 6, version: 2, events: [], repeated: true });
    expect(streams.events.map(({ id }) => id)).toEqual(['c.1', "another's-2"]);
  });

  test('the same command that came in between counts as executed', async () => {
    const { streams, execute } = setup();
    streams.meanwhile = () => streams.add('a', 5, 'c.1');
    expect(await execute(5, { commandId: 'c' })).toMatchObject({ state: 5, version: 1, repeated: true });
  });

  test("under the name of another stream's command it is refused", async () => {
    const { together, execute } = setup();
    await together({ b: 1 }, { commandId: 'c' });
    await expect(execute(1, { commandId: 'c' })).rejects.toMatchObject({ code: 'EVENT_ID_TAKEN' });
  });

  test('several happen together or not at all, each event with a position and an id of its own', async () => {
    const { streams, together } = setup();
    streams.add('b', 1);
    await expect(together({ a: 1, b: -2 })).rejects.toThrow('below zero');
    expect(streams.events).toHaveLength(1);
    expect(await together({ a: 1, b: -1, c: 0 }, { commandId: 'c' })).toMatchObject([
      { state: 1, version: 1, position: 3 },
      { state: 0, version: 2, position: 3 },
      { state: 0, version: 0, position: 0 },
    ]);
    expect(streams.events.slice(1).map(({ id, position }) => [id, position])).toEqual([
      ['c.1', 2],
      ['c.2', 3],
    ]);
  });

  test('a snapshot that is due is kept, and read from; in a transaction of the app it is only said to be due', async () => {
    const { kept, execute } = setup(counter, 2);
    expect(await execute(1, { tx: TX })).toMatchObject({ snapshotDue: false });
    expect(await execute(1, { tx: TX })).toMatchObject({ snapshotDue: true });
    expect(kept.size).toBe(0);
    expect(await execute(1)).toMatchObject({ snapshotDue: false });
    expect(kept.get('a')).toEqual({ version: 3, state: 3 });
    kept.set('a', { version: 3, state: 100 });
    expect(await execute(1)).toMatchObject({ state: 101, version: 4 });
  });
});
