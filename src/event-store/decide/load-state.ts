import type { Sql } from '../schema/sql.ts';
import type { Decider } from './decider.ts';
import type { Snapshots } from './snapshots.ts';
import type { Streams } from './streams.ts';

export interface LoadOptions {
  readonly version?: number;
  readonly at?: Date;
  /** A client inside a transaction of the app: what it has appended counts. */
  readonly tx?: Sql | undefined;
}

export interface Loaded<State> {
  readonly state: State;
  /** 0 for a stream without events. */
  readonly version: number;
}

export interface LoadedSince<State> extends Loaded<State> {
  /** The version of the snapshot that it was read from; 0 without one. */
  readonly since: number;
}

/** Where states are read from, and by which rules. */
export interface StateSource<Command, State> {
  readonly streams: Streams;
  readonly decider: Decider<Command, State>;
  readonly snapshots: Pick<Snapshots<State>, 'find' | 'isDue' | 'keep'> | undefined;
}

/** The newest snapshot that fits, and the events behind it. */
export async function loadState<Command, State>(
  { streams, decider, snapshots }: StateSource<Command, State>,
  stream: string,
  { version: upTo, at, tx }: LoadOptions = {},
): Promise<LoadedSince<State>> {
  const snapshot = at === undefined ? await snapshots?.find(stream, upTo ?? Number.MAX_SAFE_INTEGER, tx) : undefined;
  const since = snapshot?.version ?? 0;
  let state = snapshot?.state ?? decider.initial;
  let version = since;
  for await (const event of streams.read(stream, { from: since + 1, tx, ...(upTo !== undefined && { to: upTo }) })) {
    if (at !== undefined && event.timestamp > at) continue;
    state = decider.evolve(state, event);
    version = event.streamVersion;
  }
  return { state, version, since };
}

/** In a transaction one after the other: its client does one thing at a time. */
export async function loadStates<Command, State>(
  source: StateSource<Command, State>,
  streams: readonly string[],
  tx: Sql | undefined,
): Promise<readonly LoadedSince<State>[]> {
  if (tx === undefined) return Promise.all(streams.map(stream => loadState(source, stream)));
  const loaded: LoadedSince<State>[] = [];
  for (const stream of streams) loaded.push(await loadState(source, stream, { tx }));
  return loaded;
}
