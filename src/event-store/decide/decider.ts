import { answeredLate, requireShape, type KnownOptions } from '../../errors/index.ts';
import {
  type AnyEventContract,
  type EventRequest,
  type PayloadOf,
  InvalidContractError,
} from '../../contracts/index.ts';
import { StreamUnreadableError } from '../read/stream-unreadable-error.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/** How one kind of event changes the state. Made by `on`. */
export interface Evolution<State> {
  readonly contract: AnyEventContract;
  readonly apply: (state: State, event: StoredEvent) => State;
}

export interface DeciderDefinition<Command, State> {
  /** Names the kind of stream in snapshots and messages. */
  readonly name: string;
  /** The state of a stream without events. */
  readonly initial: State;
  /** What happens because of the command; nothing when it changes nothing. Throws when a rule forbids it. Pure. */
  readonly decide: (command: Command, state: State) => readonly EventRequest[];
  /** Pure, and never throwing: what has happened has happened. */
  readonly evolve: readonly Evolution<State>[];
}

/** A decision as a value: no I/O in it, so that it is tested without any. */
export interface Decider<Command, State> {
  readonly name: string;
  readonly initial: State;
  readonly decide: (command: Command, state: State) => readonly EventRequest[];
  /** The state after the event. One of a kind that no evolution names changes nothing. @throws StreamUnreadableError */
  readonly evolve: (state: State, event: StoredEvent) => State;
  readonly events: readonly AnyEventContract[];
}

/** `on(moneyDeposited, (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }))` */
export function on<Contract extends AnyEventContract, State>(
  contract: Contract,
  apply: (state: State, event: StoredEvent<PayloadOf<Contract>>) => State,
): Evolution<State> {
  // The reader has validated the payload with the contract of that type.
  return { contract, apply: (state, event) => apply(state, event as StoredEvent<PayloadOf<Contract>>) };
}

/** Whether it is an event of that contract, and one that this release reads. */
export function is<Contract extends AnyEventContract>(
  contract: Contract,
  event: StoredEvent,
): event is StoredEvent<PayloadOf<Contract>> {
  return event.type === contract.name && event.problem === undefined;
}

/**
 * An evolution that writes into its state instead of answering with a new one would change what every stream begins with: it gets a
 * TypeError at its first try. Maps and class instances cannot be kept from it.
 */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}

const KNOWN: KnownOptions<DeciderDefinition<unknown, unknown>> = {
  name: true,
  initial: true,
  decide: true,
  evolve: true,
};

/** @throws InvalidContractError when two evolutions are of one event, InvalidOptionsError for a part that is missing or unknown */
export function defineDecider<Command, State>(definition: DeciderDefinition<Command, State>): Decider<Command, State> {
  const parts = { name: 'a text', decide: 'a function', evolve: 'a list' } as const;
  requireShape('the definition of a decider', definition, KNOWN, parts);
  const { name } = definition;
  const initial = frozen(definition.initial);
  const decide = (command: Command, state: State): readonly EventRequest[] => {
    const events: unknown = definition.decide(command, state);
    if (Array.isArray(events)) return events as readonly EventRequest[];
    const isLate = answeredLate(events);
    throw new InvalidContractError(
      `The decider "${name}" has to answer with a list of events, and at once: it answered with ` +
        `${isLate ? 'a promise' : events === null ? 'null' : typeof events}. Nothing was written.`,
    );
  };
  const evolutions = new Map<string, Evolution<State>>();
  for (const evolution of definition.evolve) {
    const type = evolution.contract.name;
    if (evolutions.has(type))
      throw new InvalidContractError(
        `Expected the decider "${name}" to evolve with each event once, got "${type}" twice.`,
      );
    evolutions.set(type, evolution);
  }
  return Object.freeze({
    name,
    initial,
    decide,
    evolve(state: State, event: StoredEvent): State {
      const evolution = evolutions.get(event.type);
      if (evolution === undefined) return state;
      if (event.problem !== undefined) {
        throw new StreamUnreadableError(event.stream, event.streamVersion, event.type, event.problem.detail);
      }
      return evolution.apply(state, event);
    },
    events: Object.freeze([...evolutions.values()].map(({ contract }) => contract)),
  });
}
