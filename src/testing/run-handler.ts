import { InvalidOptionsError, kindOf, requireShape, type KnownOptions } from '../errors/index.ts';
import {
  decodePayload,
  requireProgress,
  validatePayload,
  writePayload,
  type AnyJobContract,
  type ChunkPolicy,
  type Handler,
  type InputOf,
  type Needs,
  type PayloadContract,
  type Run,
  type ValuesOf,
} from '../contracts/index.ts';
import { chunkJson, UndecodableJobError, jobIdOf } from '../queue/index.ts';
import { classifyReturn, classifyThrow, type Outcome } from '../runtime/index.ts';
import { Ledger, MemoryStateStore } from '../state/index.ts';
import { createIdSource } from '../time/index.ts';

/** What became of a run: see `kind` (`succeeded`, `retry`, `snoozed`, `cancelled`, `dead`). */
export type RunOutcome = Outcome;

export interface RunHandlerOptions<N extends Needs> {
  /** What the handler works with instead of the real resources. */
  readonly needs: ValuesOf<N>;
  /** Whatever of the run matters to the test, such as `{ attempt: 5 }` for the last one, or a `signal` that aborts. */
  readonly run?: Partial<Run>;
  /** What `run.once` has done: given to several runs, it is done once among them. Each run has its own when left out. */
  readonly effects?: MemoryStateStore;
}

const KNOWN: KnownOptions<RunHandlerOptions<Needs>> = {
  needs: true,
  run: true,
  effects: true,
};

/** What a handler is tried on: the data of a job, or the items of a chunk. */
export type GivenTo<Contract extends AnyJobContract> = Contract['chunk'] extends object
  ? readonly InputOf<Contract>[]
  : InputOf<Contract>;

/** `needs` may be left out where the handler has none. */
type Options<N extends Needs> = keyof N extends never
  ? [options?: Partial<RunHandlerOptions<N>>]
  : [options: RunHandlerOptions<N>];

/**
 * Runs a handler once, in this process and without a queue, on data as the worker would get it: validated, written as JSON, read
 * again, validated. Resolves with the outcome, whatever the handler returns or throws. The contract's timeout is not kept.
 *
 * With `effects: new MemoryStateStore()` shared by several runs, what one has done under `run.once` the next does not do again.
 *
 * The handler of a contract with `chunk` is given a list of items; an outcome `divided` says what it has answered for them.
 *
 * Use: `expect(await runHandler(sendWelcomeEmail, { userId, email, name }, { needs: { mailer } })).toEqual({ kind: 'succeeded', ... })`.
 * @throws InvalidPayloadError, PayloadTooLargeError, as a rejection, where the producer would have refused the data
 */
export async function runHandler<Contract extends AnyJobContract, N extends Needs>(
  handler: Handler<Contract, N>,
  data: GivenTo<Contract>,
  ...[options]: Options<N>
): Promise<RunOutcome> {
  const given: unknown = handler;
  if (!isHandler(given)) {
    throw new InvalidOptionsError(
      `Expected runHandler(handler, data) with what handle() has made, got ${kindOf(given)}.`,
    );
  }
  if (options !== undefined) requireShape('the options of runHandler()', options, KNOWN);
  const { contract } = handler;
  const json = contract.chunk === undefined ? written(contract, data) : writtenItems(contract.chunk, data);
  const decoded = decodePayload(contract, contract.version, JSON.parse(json));
  if (decoded.kind !== 'data') {
    // The schema takes what the producer gives and not what JSON makes of it, such as a Date.
    const detail = decoded.kind === 'unreadable' ? decoded.detail : 'it is of a newer version';
    return { kind: 'dead', reason: 'undecodable', error: new UndecodableJobError(contract.name, detail) };
  }
  const run = testRun(contract, options);
  const info = { attempt: run.attempt, attempts: run.attempts, startedAt: Date.now(), now: Date.now };
  try {
    return classifyReturn(contract, await handler.perform(decoded.data, run, { ...options?.needs }), info);
  } catch (error) {
    return classifyThrow(contract, error, info);
  }
}

function isHandler(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'handler';
}

function written(contract: PayloadContract, data: unknown): string {
  validatePayload(contract, data);
  return writePayload(contract, data);
}

function writtenItems({ item }: ChunkPolicy, data: unknown): string {
  return chunkJson((Array.isArray(data) ? data : [data]).map((each: unknown) => written(item, each)));
}

function testRun(
  contract: AnyJobContract,
  { run: given = {}, effects = new MemoryStateStore() }: Partial<RunHandlerOptions<Needs>> = {},
): Run {
  const jobId = given.jobId ?? jobIdOf(contract.queue, createIdSource().next());
  const ledger = new Ledger(effects, { scope: contract.name, sensitive: contract.sensitive });
  return {
    jobId,
    effectId: jobId,
    jobName: contract.name,
    queue: contract.queue,
    attempt: 1,
    attempts: contract.retry.attempts,
    enqueuedAt: Date.now(),
    correlationId: jobId,
    traceparent: undefined,
    batch: undefined,
    children: { all: async () => [], results: async () => [] },
    progress: value => requireProgress(contract, value),
    log: () => undefined,
    heartbeat: () => undefined,
    step: async (_, work) => work(),
    once: (key, effect, options) => ledger.once(key, effect, options),
    signal: new AbortController().signal,
    ...given,
  };
}
