import { setTimeout as pause } from 'node:timers/promises';
import type { EventRequest } from '../../contracts/index.ts';
import { backoffDelay, exponential } from '../../resilience/index.ts';
import { EventIdTakenError } from '../append/event-id-taken-error.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import type { Sql } from '../schema/sql.ts';
import { decideCommands, eventIdOf, stateBehind, type Decided, type StreamCommand } from './decide-commands.ts';
import { mayDecideAgain, type Execution } from './execute-options.ts';
import { loadStates, type StateSource } from './load-state.ts';

export interface Executed<State> {
  /** The state after it. */
  readonly state: State;
  readonly version: number;
  /** Of the last event that was appended; 0 when nothing was. */
  readonly position: number;
  readonly events: readonly EventRequest[];
  /** A command of that name had been executed before; `state` is today's and `events` are empty. */
  readonly repeated: boolean;
  /** In a transaction of the app, where none is kept because it may yet be rolled back: call `keepSnapshot` after its commit. */
  readonly snapshotDue: boolean;
}

const AGAIN = exponential({ from: '4ms', to: '100ms' });

/** Decides, and decides again on the new state where somebody else was faster. */
export async function executeCommands<Command, State>(
  source: StateSource<Command, State>,
  commands: readonly StreamCommand<Command>[],
  execution: Execution,
): Promise<readonly Executed<State>[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryOnce(source, commands, execution);
    } catch (error) {
      if (!mayDecideAgain(error, attempt, execution)) throw error;
      await pause(backoffDelay(AGAIN, attempt));
    }
  }
}

/** One attempt: load, decide, write, evolve. */
async function tryOnce<Command, State>(
  source: StateSource<Command, State>,
  commands: readonly StreamCommand<Command>[],
  execution: Execution,
): Promise<readonly Executed<State>[]> {
  const { tx } = execution.append;
  if (await isExecuted(source, commands, execution)) return asItIs(source, commands, tx);
  const loaded = await loadStates(source, streamsIn(commands), tx);
  const decided = decideCommands(source.decider, commands, loaded, execution);
  const written = await write(source, decided, execution);
  // The same command came in between.
  if (written === undefined) return asItIs(source, commands, tx);
  const executed: Executed<State>[] = [];
  for (const each of decided) executed.push(await conclude(source, each, written, tx));
  return executed;
}

/** @throws EventIdTakenError when the name stands for a command to other streams: this one would never happen, and nobody would know */
async function isExecuted<Command, State>(
  { streams }: StateSource<Command, State>,
  commands: readonly StreamCommand<Command>[],
  { commandId, append: { tx } }: Execution,
): Promise<boolean> {
  if (commandId === undefined) return false;
  const id = eventIdOf(commandId, 1);
  const stream = await streams.streamWith(id, tx);
  if (stream === undefined) return false;
  if (!streamsIn(commands).includes(stream)) throw new EventIdTakenError(id);
  return true;
}

/** What a command that was executed before answers. */
async function asItIs<Command, State>(
  source: StateSource<Command, State>,
  commands: readonly StreamCommand<Command>[],
  tx: Sql | undefined,
): Promise<readonly Executed<State>[]> {
  const loaded = await loadStates(source, streamsIn(commands), tx);
  return loaded.map(({ state, version }) => ({
    state,
    version,
    position: 0,
    events: [],
    repeated: true,
    snapshotDue: false,
  }));
}

interface Written {
  readonly position: number;
  readonly events: readonly StoredEvent[];
}

/** Appends all that was decided, or nothing. Undefined when the events turn out to be there already. */
async function write<Command, State>(
  { streams, decider }: StateSource<Command, State>,
  decided: readonly Decided<State>[],
  { append: { tx, ...defaults } }: Execution,
): Promise<Written | undefined> {
  const appends = decided.filter(({ events }) => events.length > 0);
  if (appends.length === 0) return { position: 0, events: [] };
  const ready = await streams.prepare(appends, defaults, tx);
  // Before anything is written: an `evolve` that throws on them must not leave events that the caller takes for refused. All is known
  // of them by now but their positions, so what this leads to is thrown away.
  for (const each of appends) stateBehind(decider, each, ready.coming);
  const appended = await ready.write();
  if (appended.repeated) return undefined;
  const events = ready.coming.map((event, nth) => ({ ...event, position: appended.positions[nth] ?? 0 }));
  return { position: appended.position, events };
}

/** The state behind what was written, and its snapshot where one is due. */
async function conclude<Command, State>(
  { decider, snapshots }: StateSource<Command, State>,
  decided: Decided<State>,
  written: Written,
  tx: Sql | undefined,
): Promise<Executed<State>> {
  const { stream, events, since } = decided;
  const state = stateBehind(decider, decided, written.events);
  const version = decided.version + events.length;
  const isDue = events.length > 0 && snapshots?.isDue(version, since) === true;
  if (isDue && tx === undefined) await snapshots?.keep(stream, { version, state });
  const position = events.length === 0 ? 0 : written.position;
  return { state, version, position, events, repeated: false, snapshotDue: isDue && tx !== undefined };
}

function streamsIn(commands: readonly StreamCommand<unknown>[]): readonly string[] {
  return commands.map(({ stream }) => stream);
}
