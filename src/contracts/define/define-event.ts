import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidOptionsError, shown } from '../../errors/index.ts';
import { InvalidContractError } from './invalid-contract-error.ts';
import type { AnyEventContract, EventContract, EventOptions, EventRequest } from './event-contract.ts';
import { callableContract } from './callable-contract.ts';
import { eventNameProblem } from './event-name.ts';
import { requireDefinition } from './checks/require-definition.ts';
import { unknownOptions, type Known } from './checks/known-options.ts';
import { payloadPartsOf } from './payload-definition.ts';
import type { FieldPath } from './job-contract.ts';

export interface EventDefinition<Schema extends StandardSchemaV1> {
  /** Raise it with each change that old payloads do not fit, and add the `upgrade` step. 1 by default. */
  readonly version?: number;
  /** Anything that speaks Standard Schema. Its input must survive JSON; dates may stand in it. */
  readonly schema: Schema;
  /** `{ 1: payload => ... }` turns a payload of version 1 into one of version 2. */
  readonly upgrade?: Readonly<Record<number, (payload: unknown) => unknown>>;
  /** Fields that never reach a log, a page or an error; dotted paths. */
  readonly sensitive?: readonly FieldPath<StandardSchemaV1.InferInput<Schema>>[];
}

const KNOWN: Known<EventDefinition<StandardSchemaV1>> = { version: true, schema: true, upgrade: true, sensitive: true };

/**
 * Defines a fact of the domain: `defineEvent('user.registered', { version: 1, schema })`. The name is `entity.action`, lower
 * case, past tense. Call the result to state one.
 * @throws InvalidContractError when a part cannot work, naming the event and the part
 */
export function defineEvent<const Schema extends StandardSchemaV1>(
  name: string,
  definition: EventDefinition<Schema>,
): EventContract<Schema> {
  const refuse = (problem: string): never => {
    throw new InvalidContractError(`event ${shown(name)}: ${problem}`);
  };
  requireDefinition(`defineEvent(${shown(name)}, { schema })`, definition);
  const [unknown] = unknownOptions(definition, KNOWN);
  if (unknown !== undefined) refuse(unknown);
  const problem = eventNameProblem(name);
  if (problem !== undefined) refuse(`${problem}.`);
  const contract: AnyEventContract = { kind: 'event', name, ...payloadPartsOf(definition, refuse) };
  const request = (payload: unknown, options: EventOptions = {}): EventRequest => ({
    kind: 'event-request',
    contract: callable,
    payload,
    options,
  });
  const callable = callableContract(request, contract) as EventContract<Schema>;
  return callable;
}

/** @throws InvalidOptionsError: from plain JavaScript, and through casts, comes anything, such as a payload without its contract */
export function requireEventRequest(value: EventRequest): EventRequest {
  const given: unknown = value;
  if (isObject(given) && given['kind'] === 'event-request' && isContract(given['contract'])) {
    if (isObject(given['options'])) return value;
  }
  throw new InvalidOptionsError(
    `Expected an event made by calling its contract, such as userRegistered({ ... }), found another thing (${given === null ? 'null' : typeof given}).`,
  );
}

function isContract(value: unknown): boolean {
  return typeof value === 'function' && 'kind' in value && value.kind === 'event';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
