import { setTimeout as pause } from 'node:timers/promises';
import { bareError } from '../../privacy/index.ts';
import { requireEventRequest, type EventRequest } from '../../contracts/index.ts';
import { ConcurrencyError } from '../append/concurrency-error.ts';
import { EventIdTakenError } from '../append/event-id-taken-error.ts';
import { hasCode, InvalidOptionsError, toError } from '../../errors/index.ts';
import { backoffDelay, exponential } from '../../resilience/index.ts';
import type { Decider } from './decider.ts';
import type { StreamAppend } from '../append/stream-append.ts';
import type { AppendOptions, EventStore } from '../event-store.ts';
import { recordedAs } from './recorded.ts';
import { requireIdText } from '../schema/id-text.ts';
import { requireCounts } from '../require-counts.ts';
import type { Sql } from '../schema/sql.ts';
import { Snapshots, type SnapshotPolicy } from './snapshots.ts';
import type { StoredEvent } from '../read/stored-event.ts';

export interface RepositoryOptions {
  readonly snapshots?: SnapshotPolicy;
}

export interface ExecuteOptions extends AppendOptions {
  /** How often a decision is made again when somebody else was faster; 5 by default. */
  readonly retries?: number;
  /**
   * Names the command: executed again under the same name it changes nothing more, whatever became of the stream. The ids of its
   * events are made from it, and nothing else remembers it: one that was decided to change nothing is decided again.
   */
  readonly commandId?: string;
  /** What the one who commands has seen: another version is a ConcurrencyError, without a retry. */
  readonly expectedVersion?: number;
}

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

export interface StreamCommand<Command> {
  readonly stream: string;
  readonly command: Command;
}

const AGAIN = exponential({ from: '4ms', to: '100ms' });

/** Reads a stream's state, lets the decider decide, appends what it decided at the version it was decided on. */
export class Repository<Command, State> {
  readonly #store: EventStore;
  readonly #decider: Decider<Command, State>;
  readonly #snapshots: Snapshots<State> | undefined;

  constructor(store: EventStore, decider: Decider<Command, State>, { snapshots }: RepositoryOptions = {}) {
    if (snapshots !== undefined && !(Number.isInteger(snapshots.every) && snapshots.every >= 1)) {
      throw new InvalidOptionsError(`Expected snapshots.every to be an integer >= 1, got ${snapshots.every}.`);
    }
    this.#store = store;
    this.#decider = decider;
    this.#snapshots = snapshots === undefined ? undefined : new Snapshots(store, decider.name, snapshots);
  }

  /**
   * The state now, as of a version, or as of a time (events with a later timestamp are left out). An event that this release does not
   * know counts for the version and for nothing else.
   * @throws StreamUnreadableError
   */
  async load(stream: string, options: LoadOptions = {}): Promise<Loaded<State>> {
    requireCounts({ version: options.version });
    if (options.at !== undefined && !(options.at instanceof Date && !Number.isNaN(options.at.getTime()))) {
      throw new InvalidOptionsError(
        'Expected at of a load to be a valid Date: any other would answer with the state now.',
      );
    }
    const { state, version } = await this.#load(stream, options);
    return { state, version };
  }

  /** @throws ConcurrencyError when it lost every try, StreamUnreadableError, and what `decide` throws */
  async execute(stream: string, command: Command, options: ExecuteOptions = {}): Promise<Executed<State>> {
    const [executed] = await this.executeTogether([{ stream, command }], options);
    if (executed === undefined) throw new Error('One command was executed and none came back.');
    return executed;
  }

  /** Commands to several streams, each decided on its own state: all of them happen, or none. */
  async executeTogether(
    commands: readonly StreamCommand<Command>[],
    { retries = 5, commandId, expectedVersion, ...append }: ExecuteOptions = {},
  ): Promise<readonly Executed<State>[]> {
    if (commandId !== undefined) requireIdText(commandId, 'commandId');
    if (!Number.isSafeInteger(retries) || retries < 0) {
      throw new InvalidOptionsError(`Expected retries to be an integer >= 0, got ${String(retries)}.`);
    }
    if (expectedVersion !== undefined && !(Number.isSafeInteger(expectedVersion) && expectedVersion >= 0)) {
      throw new InvalidOptionsError(
        `Expected expectedVersion of a command to be an integer >= 0, got ${JSON.stringify(expectedVersion)}.`,
      );
    }
    for (let attempt = 0; ; attempt += 1) {
      if (commandId !== undefined && (await this.#isDone(commandId, commands, append)))
        return this.#asItIs(commands, append);
      try {
        const executed = await this.#try(commands, commandId, expectedVersion, append);
        // The same command came in between.
        return executed ?? (await this.#asItIs(commands, append));
      } catch (error) {
        if (!hasCode(error, 'CONCURRENCY_CONFLICT') || expectedVersion !== undefined || attempt >= retries) throw error;
        await pause(backoffDelay(AGAIN, attempt + 1));
      }
    }
  }

  /**
   * Keeps a snapshot of what is committed, where one is due. Only for streams that are commanded inside transactions of the app;
   * otherwise `execute` does it. Never rejects: a snapshot can be lost.
   */
  async keepSnapshot(stream: string): Promise<void> {
    try {
      const { state, version, since } = await this.#load(stream);
      if (this.#snapshots?.isDue(version, since) === true) await this.#snapshots.keep(stream, { version, state });
    } catch (cause) {
      this.#store.facts.emit('store.snapshot-failed', { stream, error: bareError(toError(cause)) });
    }
  }

  async #asItIs(
    commands: readonly StreamCommand<Command>[],
    { tx }: AppendOptions,
  ): Promise<readonly Executed<State>[]> {
    const loaded = await this.#loadAll(commands, tx);
    return loaded.map(({ state, version }) => ({
      state,
      version,
      position: 0,
      events: [],
      repeated: true,
      snapshotDue: false,
    }));
  }

  /** Undefined when the events turn out to be there already. */
  async #try(
    commands: readonly StreamCommand<Command>[],
    commandId: string | undefined,
    expectedVersion: number | undefined,
    { tx, ...defaults }: AppendOptions,
  ): Promise<readonly Executed<State>[] | undefined> {
    const decided = this.#decide(commands, await this.#loadAll(commands, tx), commandId, expectedVersion);
    const appends = decided.filter(({ events }) => events.length > 0);
    if (appends.length === 0) return decided.map(each => executed(each, each.state, 0, false));
    const prepared = await this.#store.prepare(appends, defaults);
    const coming = await recordedAs(this.#store, appends, prepared, tx);
    // Before anything is written: an `evolve` that throws on them must not leave events that the caller takes for refused. All is known
    // of them by now but their positions, so what this leads to is thrown away.
    for (const each of appends) this.#after(each, coming);
    const appended = await this.#store.appendPrepared(appends, prepared, tx);
    if (appended.repeated) return undefined;
    const recorded = coming.map((event, nth) => ({ ...event, position: appended.positions[nth] ?? 0 }));
    const all: Executed<State>[] = [];
    for (const each of decided) {
      const { stream, version, since, events } = each;
      const state = this.#after(each, recorded);
      const now = version + events.length;
      const due = events.length > 0 && this.#snapshots?.isDue(now, since) === true;
      if (due && tx === undefined) await this.#snapshots?.keep(stream, { version: now, state });
      all.push(executed(each, state, events.length === 0 ? 0 : appended.position, due && tx !== undefined));
    }
    return all;
  }

  #decide(
    commands: readonly StreamCommand<Command>[],
    loaded: readonly (Loaded<State> & { readonly since: number })[],
    commandId: string | undefined,
    expectedVersion: number | undefined,
  ): readonly Decided<State>[] {
    let count = 0;
    return commands.map(({ stream, command }, index) => {
      const { state, version, since } = loaded[index] ?? { state: this.#decider.initial, version: 0, since: 0 };
      if (expectedVersion !== undefined && expectedVersion !== version) {
        throw new ConcurrencyError(stream, expectedVersion, version);
      }
      const events = this.#decider.decide(command, state).map(event => {
        const { options } = requireEventRequest(event);
        count += 1;
        return commandId === undefined ? event : { ...event, options: { ...options, id: eventIdOf(commandId, count) } };
      });
      return { stream, events, expectedVersion: version, state, version, since };
    });
  }

  /** The state behind the events of that stream. */
  #after({ stream, state }: Decided<State>, recorded: readonly StoredEvent[]): State {
    return recorded
      .filter(event => event.stream === stream)
      .reduce((before, event) => this.#decider.evolve(before, event), state);
  }

  /** In a transaction one after the other: its client does one thing at a time. */
  async #loadAll(
    commands: readonly StreamCommand<Command>[],
    tx: Sql | undefined,
  ): Promise<(Loaded<State> & { readonly since: number })[]> {
    if (tx === undefined) return Promise.all(commands.map(({ stream }) => this.#load(stream)));
    const loaded = [];
    for (const { stream } of commands) loaded.push(await this.#load(stream, { tx }));
    return loaded;
  }

  async #load(
    stream: string,
    { version: upTo, at, tx }: LoadOptions = {},
  ): Promise<Loaded<State> & { readonly since: number }> {
    const snapshot =
      at === undefined ? await this.#snapshots?.find(stream, upTo ?? Number.MAX_SAFE_INTEGER, tx) : undefined;
    const since = snapshot?.version ?? 0;
    let state = snapshot?.state ?? this.#decider.initial;
    let version = since;
    for await (const event of this.#store.readStream(stream, {
      from: since + 1,
      tx,
      ...(upTo !== undefined && { to: upTo }),
    })) {
      if (at !== undefined && event.timestamp > at) continue;
      state = this.#decider.evolve(state, event);
      version = event.streamVersion;
    }
    return { state, version, since };
  }

  /** @throws EventIdTakenError when the name stands for a command to other streams: this one would never happen, and nobody would know */
  async #isDone(
    commandId: string,
    commands: readonly StreamCommand<Command>[],
    { tx }: AppendOptions,
  ): Promise<boolean> {
    const sql: Sql = tx ?? this.#store.pool;
    const id = eventIdOf(commandId, 1);
    const { rows } = await sql.query(`select stream from ${this.#store.names.event} where id = $1`, [id]);
    const [row] = rows;
    if (row === undefined) return false;
    if (!commands.some(({ stream }) => stream === row['stream'])) throw new EventIdTakenError(id);
    return true;
  }
}

/** What a command has led to, not written yet. */
interface Decided<State> extends StreamAppend {
  /** As it was decided on. */
  readonly state: State;
  readonly version: number;
  /** The version of the snapshot that it was read from. */
  readonly since: number;
}

function executed<State>(
  { events, version }: Decided<State>,
  state: State,
  position: number,
  snapshotDue: boolean,
): Executed<State> {
  return { state, version: version + events.length, position, events, repeated: false, snapshotDue };
}

function eventIdOf(commandId: string, nth: number): string {
  return `${commandId}.${nth}`;
}
