import { itemsIn } from '../chunk/chunk-schema.ts';
import { requireAnswers, type ItemAnswer } from '../chunk/item-answer.ts';
import { kindOf } from '../../errors/index.ts';
import { isMade } from './checks/require-definition.ts';
import { InvalidContractError } from './invalid-contract-error.ts';
import type { AnyJobContract, JobContract, SchemaOrNone } from './job-contract.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { HandlerDecision } from '../run/handler-decision.ts';
import type { Needs, ValuesOf } from './resource.ts';
import type { Json, Run } from '../run/run.ts';

/**
 * What a handler returns: nothing, a small JSON value kept as the job's result, or an outcome said
 * explicitly (`retryAfter`, `snooze`, `cancel`, `dead`), which may be thrown as well.
 */
export type HandlerResult =
  void | null | string | number | boolean | HandlerDecision | { readonly [field: string]: unknown };

/** What a run may say of its progress: what the contract's schema takes, any JSON without one. */
export type ProgressOf<Progress extends SchemaOrNone> = Progress extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<Progress>
  : Json;

/** What a handler must return: what the contract's `result` schema takes, unless it says an outcome; anything small without one. */
export type ReturnedBy<Result extends SchemaOrNone, Chunked extends boolean = false> = Chunked extends true
  ? void | readonly ItemAnswer[] | HandlerDecision
  : Result extends StandardSchemaV1
    ? StandardSchemaV1.InferInput<Result> | HandlerDecision
    : HandlerResult;

/** What a handler gets: the data of its job, or all items of its chunk. */
export type HandledBy<Schema extends StandardSchemaV1, Chunked extends boolean> = Chunked extends true
  ? readonly StandardSchemaV1.InferOutput<Schema>[]
  : StandardSchemaV1.InferOutput<Schema>;

export type Perform<Data, N extends Needs, Progress = Json, Returned = HandlerResult> = (
  data: Data,
  run: Run<Progress>,
  needs: ValuesOf<N>,
) => Returned | Promise<Returned>;

/**
 * A contract, what its work needs, and the work. The work's types are erased, as the runtime sees it; contract and needs
 * keep theirs for tests.
 */
export interface Handler<Contract extends AnyJobContract = AnyJobContract, N extends Needs = Needs> {
  readonly kind: 'handler';
  readonly contract: Contract;
  readonly needs: N;
  perform(
    data: unknown,
    run: Run,
    needs: Readonly<Record<string, unknown>>,
  ): HandlerResult | readonly ItemAnswer[] | Promise<HandlerResult | readonly ItemAnswer[]>;
}

/**
 * Says how a kind of work is done.
 *
 * Use: `handle(contract, async (data, run) => ...)`, or with resources
 * `handle(contract, { mailer }, async (data, run, { mailer }) => ...)`. The handler runs at least once: make its
 * effect repeatable, and pass `run.signal` to what it waits for.
 *
 * The handler of a contract with `chunk` gets all items of the chunk and answers for each, in their order; nothing where all are done.
 */
export function handle<
  Schema extends StandardSchemaV1,
  Progress extends SchemaOrNone,
  Result extends SchemaOrNone,
  Chunked extends boolean,
>(
  contract: JobContract<Schema, Progress, Result, Chunked>,
  perform: Perform<HandledBy<Schema, Chunked>, Record<never, never>, ProgressOf<Progress>, ReturnedBy<Result, Chunked>>,
): Handler<JobContract<Schema, Progress, Result, Chunked>, Record<never, never>>;
export function handle<
  Schema extends StandardSchemaV1,
  Progress extends SchemaOrNone,
  Result extends SchemaOrNone,
  Chunked extends boolean,
  const N extends Needs,
>(
  contract: JobContract<Schema, Progress, Result, Chunked>,
  needs: N,
  perform: Perform<HandledBy<Schema, Chunked>, N, ProgressOf<Progress>, ReturnedBy<Result, Chunked>>,
): Handler<JobContract<Schema, Progress, Result, Chunked>, N>;
export function handle(
  contract: AnyJobContract,
  needsOrPerform: Needs | Perform<never, never, never, never>,
  perform?: Perform<never, never, never, never>,
): Handler {
  if (!isMade('job', contract)) {
    throw new InvalidContractError(
      `Expected handle(contract, perform) with what defineJob() has made, got ${kindOf(contract)}.`,
    );
  }
  const work = perform ?? needsOrPerform;
  if (typeof work !== 'function') {
    throw new InvalidContractError(
      `handler of "${contract.name}": expected a function that does the work, got ${kindOf(work)}.`,
    );
  }
  const needs: unknown = perform === undefined ? {} : needsOrPerform;
  if (typeof needs !== 'object' || needs === null) {
    throw new InvalidContractError(
      `handler of "${contract.name}": expected its needs as { NAME: resource }, got ${kindOf(needs)}.`,
    );
  }
  for (const [name, need] of Object.entries(needs)) {
    if (typeof need === 'object' && need !== null && need.kind === 'resource') continue;
    throw new InvalidContractError(
      `handler of "${contract.name}": expected the need "${name}" to be what defineResource() has made, got ${kindOf(need)}.`,
    );
  }
  // The runtime passes data that this contract's schema has validated and the needs named here.
  const done: Handler['perform'] = (data, run, needs) => work(data as never, run as never, needs as never);
  return Object.freeze({
    kind: 'handler',
    contract,
    needs: perform === undefined ? {} : (needsOrPerform as Needs),
    perform: contract.chunk === undefined ? done : itemByItem(contract.name, done),
  });
}

/** The items in place of the chunk, and an answer for each. */
function itemByItem(contract: string, done: Handler['perform']): Handler['perform'] {
  return async (data, run, needs) => {
    const items = itemsIn(data);
    return requireAnswers(contract, items.length, await done(items, run, needs));
  };
}
