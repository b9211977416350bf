import { InvalidOptionsError, kindOfTime, toError, requireShape, type KnownOptions } from '../../errors/index.ts';
import { bareError } from '../../privacy/index.ts';
import { partsOf, type EventStore } from '../event-store.ts';
import type { Facts } from '../../facts/index.ts';
import { requireCounts } from '../require-counts.ts';
import type { StreamCommand } from './decide-commands.ts';
import type { Decider } from './decider.ts';
import { readExecuteOptions, type ExecuteOptions } from './execute-options.ts';
import { executeCommands, type Executed } from './execute.ts';
import { loadState, type Loaded, type LoadOptions, type StateSource } from './load-state.ts';
import { Snapshots, type SnapshotPolicy } from './snapshots.ts';
import { streamsOf } from './streams.ts';

export interface RepositoryOptions {
  readonly snapshots?: SnapshotPolicy;
}

const KNOWN: KnownOptions<RepositoryOptions> = {
  snapshots: true,
};

/** Reads a stream's state, lets the decider decide, appends what it decided at the version it was decided on. */
export class Repository<Command, State> {
  readonly #facts: Facts;
  readonly #source: StateSource<Command, State>;

  constructor(store: EventStore, decider: Decider<Command, State>, options: RepositoryOptions = {}) {
    requireShape('the options of a Repository', options, KNOWN);
    const { snapshots } = options;
    if (snapshots !== undefined && !(Number.isInteger(snapshots.every) && snapshots.every >= 1)) {
      throw new InvalidOptionsError(`Expected snapshots.every to be an integer >= 1, got ${snapshots.every}.`);
    }
    const parts = partsOf(store);
    this.#facts = parts.facts;
    this.#source = {
      streams: streamsOf(parts),
      decider,
      snapshots: snapshots === undefined ? undefined : new Snapshots(parts, decider.name, snapshots),
    };
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
        `Expected at of a load to be a valid Date, got ${kindOfTime(options.at)}: it would answer with the state now.`,
      );
    }
    const { state, version } = await loadState(this.#source, stream, options);
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
    options: ExecuteOptions = {},
  ): Promise<readonly Executed<State>[]> {
    return executeCommands(this.#source, commands, readExecuteOptions(options));
  }

  /**
   * Keeps a snapshot of what is committed, where one is due. Only for streams that are commanded inside transactions of the app;
   * otherwise `execute` does it. Never rejects: a snapshot can be lost.
   */
  async keepSnapshot(stream: string): Promise<void> {
    const { snapshots } = this.#source;
    try {
      const { state, version, since } = await loadState(this.#source, stream);
      if (snapshots?.isDue(version, since) === true) await snapshots.keep(stream, { version, state });
    } catch (cause) {
      this.#facts.emit('store.snapshot-failed', { stream, error: bareError(toError(cause)) });
    }
  }
}
