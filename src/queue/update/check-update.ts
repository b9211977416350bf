import {
  validatePayload,
  writePayload,
  type AnyJobContract,
  type InputOf,
  type Priority,
} from '../../contracts/index.ts';
import { InvalidOptionsError, requireKnown } from '../../errors/index.ts';
import { checkAt, checkPriority } from '../prepare/check-options.ts';
import { requireContract } from '../prepare/check-requests.ts';

/** What is to be different about a job that waits. What is left out stays. */
export interface JobUpdate {
  /** When it starts at the earliest; in the past: as soon as it is its turn. */
  readonly at?: Date;
  /** It goes behind those that have the same one. */
  readonly priority?: Priority;
}

/** With its contract, which types and validates the data. */
export interface JobUpdateOf<Contract extends AnyJobContract> extends JobUpdate {
  readonly contract: Contract;
  readonly data?: InputOf<Contract>;
}

/** A client that was given its app finds the contract by the job's name. */
export interface JobUpdateByName extends JobUpdate {
  readonly contract?: undefined;
  readonly data?: unknown;
}

export interface CheckedUpdate {
  readonly contract: AnyJobContract | undefined;
  readonly data: unknown;
  readonly atMs: number | undefined;
  readonly priority: number | undefined;
}

/** Data that has passed its contract. */
export interface CheckedData {
  readonly data: unknown;
  readonly json: string;
  readonly output: unknown;
}

const KNOWN: ReadonlySet<string> = new Set(['contract', 'data', 'at', 'priority']);

/** @throws InvalidOptionsError: these may come from a request */
export function checkUpdate(update: JobUpdate & { readonly contract?: AnyJobContract | undefined }): CheckedUpdate {
  const given: unknown = update;
  requireKnown('an update', given, KNOWN);
  const { contract, at, priority } = update;
  const data: unknown = 'data' in given ? given.data : undefined;
  if (data === undefined && at === undefined && priority === undefined) {
    throw new InvalidOptionsError('Expected an update to have data, at or priority, got none of them.');
  }
  if (contract !== undefined)
    requireContract(contract, 'Give what defineJob answered, not its name: update(id, { contract: letter })');
  return {
    contract,
    data,
    atMs: at === undefined ? undefined : checkAt(at),
    priority: priority === undefined ? undefined : checkPriority(priority),
  };
}

/** @throws InvalidPayloadError, PayloadTooLargeError; InvalidOptionsError for a chunk */
export function checkData(contract: AnyJobContract, data: unknown): CheckedData {
  if (contract.chunk !== undefined) {
    throw new InvalidOptionsError(
      `Expected no data for a job of "${contract.name}": it has the items of many calls. Enqueue another item.`,
    );
  }
  return { data, output: validatePayload(contract, data), json: writePayload(contract, data) };
}
