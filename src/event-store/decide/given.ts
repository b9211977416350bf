import { deepStrictEqual, fail } from 'node:assert/strict';
import { validatePayload, type EventRequest } from '../../contracts/index.ts';
import type { Decider } from './decider.ts';
import type { StoredEvent } from '../read/stored-event.ts';

export interface When<Command> {
  when(command: Command): Then;
}

export interface Then {
  /** Asserts what was decided: names and payloads, in order. */
  thenHappens(...events: readonly EventRequest[]): void;
  /** Asserts that a rule forbade it; a text must be part of the message, a class that of the error. */
  thenRefuses(why?: string | RegExp | (abstract new (...args: never[]) => Error)): void;
}

/** Tests a decision without any I/O: `given(account, opened).when({ type: 'withdraw', amount: 5 }).thenHappens(withdrawn)`. */
export function given<Command, State>(
  decider: Decider<Command, State>,
  ...history: readonly EventRequest[]
): When<Command> {
  const state = stateAfter(decider, history);
  return {
    when: command => ({
      thenHappens(...events) {
        const described = (requests: readonly EventRequest[]) =>
          requests.map(({ contract, payload }) => ({ event: contract.name, payload }));
        const decided = decider.decide(command, state);
        deepStrictEqual(described(decided), described(events));
        // What is decided must fit its schema, or it could never be appended.
        for (const { contract, payload } of decided) atOnce(validatePayload(contract, payload));
      },
      thenRefuses(why) {
        let decided: readonly EventRequest[];
        try {
          decided = decider.decide(command, state);
        } catch (error) {
          return checkRefusal(error, why);
        }
        return fail(
          `Expected a refusal, got ${decided.map(({ contract }) => contract.name).join(', ') || 'no events'}.`,
        );
      },
    }),
  };
}

/** The state that events lead to, in memory. */
export function stateAfter<Command, State>(
  decider: Decider<Command, State>,
  history: readonly EventRequest[],
  stream = 'test',
  version = 0,
): State {
  return history.reduce(
    (state, request, index) => decider.evolve(state, stored(request, version + index + 1, stream)),
    decider.initial,
  );
}

function stored({ contract, payload, options }: EventRequest, version: number, stream: string): StoredEvent {
  const id = options.id ?? `${stream}-${version}`;
  return {
    id,
    type: contract.name,
    version: contract.version,
    timestamp: options.timestamp ?? new Date(0),
    payload: atOnce(validatePayload(contract, payload)),
    metadata: {
      correlationId: options.correlationId ?? id,
      causationId: options.causationId,
      userId: options.userId,
      traceparent: undefined,
    },
    stream,
    streamVersion: version,
    position: version,
    problem: undefined,
  };
}

function atOnce(checked: unknown): unknown {
  if (!(checked instanceof Promise)) return checked;
  checked.catch(() => undefined);
  return fail('Expected a schema that answers at once: this helper is for pure decisions.');
}

function checkRefusal(error: unknown, why: Parameters<Then['thenRefuses']>[0]): void {
  if (!(error instanceof Error)) return fail('Expected an Error to be thrown.');
  if (typeof why === 'string' && !error.message.includes(why)) fail(`Expected "${why}" in "${error.message}".`);
  if (why instanceof RegExp && !why.test(error.message)) fail(`Expected "${error.message}" to match ${String(why)}.`);
  if (typeof why === 'function' && !(error instanceof why)) fail(`Expected ${why.name}, got ${String(error)}.`);
}
