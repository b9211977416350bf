import { requireEventRequest } from '../../contracts/index.ts';
import { ConcurrencyError } from '../append/concurrency-error.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import type { Decider } from './decider.ts';
import type { Execution } from './execute-options.ts';
import type { LoadedSince } from './load-state.ts';
import type { DecidedAppend } from './streams.ts';

export interface StreamCommand<Command> {
  readonly stream: string;
  readonly command: Command;
}

/** What a command leads to, with the state that it was decided on. Nothing is written yet. */
export interface Decided<State> extends DecidedAppend, LoadedSince<State> {}

/**
 * Decides each command on its own stream's state.
 * @throws ConcurrencyError where a stream is not at the version that the one who commands has seen, and what `decide` throws
 */
export function decideCommands<Command, State>(
  decider: Decider<Command, State>,
  commands: readonly StreamCommand<Command>[],
  loaded: readonly LoadedSince<State>[],
  { commandId, expectedVersion }: Pick<Execution, 'commandId' | 'expectedVersion'>,
): readonly Decided<State>[] {
  let count = 0;
  return commands.map(({ stream, command }, index) => {
    const { state, version, since } = loaded[index] ?? { state: decider.initial, version: 0, since: 0 };
    if (expectedVersion !== undefined && expectedVersion !== version) {
      throw new ConcurrencyError(stream, expectedVersion, version);
    }
    const events = decider.decide(command, state).map(event => {
      const { options } = requireEventRequest(event);
      count += 1;
      return commandId === undefined ? event : { ...event, options: { ...options, id: eventIdOf(commandId, count) } };
    });
    return { stream, events, expectedVersion: version, state, version, since };
  });
}

/** The state behind those of the events that are of its stream. */
export function stateBehind<Command, State>(
  decider: Decider<Command, State>,
  { stream, state }: Pick<Decided<State>, 'stream' | 'state'>,
  events: readonly StoredEvent[],
): State {
  return events
    .filter(event => event.stream === stream)
    .reduce((before, event) => decider.evolve(before, event), state);
}

/** The ids of a command's events are made from its name: that is how a command that was executed is known. */
export function eventIdOf(commandId: string, nth: number): string {
  return `${commandId}.${nth}`;
}
