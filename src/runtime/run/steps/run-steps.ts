import { setTimeout as sleep } from 'node:timers/promises';
import { JobAbortedError, misfitOf, type AnyJobContract, type Json } from '../../../contracts/index.ts';
import type { StepAnswer, TurnQueue } from '../../../engine/index.ts';
import { kindOf } from '../../../errors/index.ts';
import { isUnstorableJson, scrubDeep } from '../../../privacy/index.ts';
import { mayPass } from '../../../resilience/index.ts';
import type { RunContext } from '../run-context.ts';
import { scrubberOf } from '../stored-error.ts';
import { StepRefusedError } from './step-refused-error.ts';
import { StepRepeatedError } from './step-repeated-error.ts';

const MAX_STEP_BYTES = 16 * 1024;
const MOST_STEPS = 100;
const LONGEST_NAME = 200;
const AGAIN_MS = 500;

/** Where a run stands while it waits for the engine: that time is not its handler's. */
export interface StepHost {
  readonly signal: AbortSignal;
  waitsForEngine<Value>(ask: () => Promise<Value>): Promise<Value>;
}

/** The steps of one run: what earlier runs of the job have stored, and what this one does. */
export class RunSteps {
  readonly #run: RunContext;
  readonly #contract: AnyJobContract;
  readonly #queue: Pick<TurnQueue, 'readSteps' | 'storeStep'>;
  readonly #host: StepHost;
  readonly #names = new Set<string>();
  #stored: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(
    run: RunContext,
    contract: AnyJobContract,
    queue: Pick<TurnQueue, 'readSteps' | 'storeStep'>,
    host: StepHost,
  ) {
    this.#run = run;
    this.#contract = contract;
    this.#queue = queue;
    this.#host = host;
  }

  /** @throws StepRepeatedError, StepRefusedError; the signal's reason where the run was told to stop; whatever the step throws */
  async step<Value extends Json | void>(name: string, work: () => Value | Promise<Value>): Promise<Value> {
    this.#begin(name, work);
    this.#host.signal.throwIfAborted();
    // One read a run, also where several steps begin at once.
    this.#stored ??= this.#host.waitsForEngine(() => this.#read());
    const before = (await this.#stored).get(name);
    // What comes out is what the step of that name has put in.
    if (before !== undefined) return this.#valueOf(name, before) as Value;
    this.#host.signal.throwIfAborted();
    const result = this.#jsonOf(name, await work());
    const answer = await this.#host.waitsForEngine(() => this.#store(name, result));
    if (answer === 'lost') throw this.#host.signal.reason ?? new JobAbortedError('lock lost');
    if (answer === 'refused') throw this.#refusal(name, 'has a result that the engine cannot hold');
    // As a run that finds it stored would get it.
    return this.#valueOf(name, result) as Value;
  }

  #begin(name: string, work: unknown): void {
    if (
      typeof name !== 'string' ||
      name === '' ||
      name.length > LONGEST_NAME ||
      isUnstorableJson(JSON.stringify(name))
    ) {
      throw this.#refusal(
        String(name).slice(0, 40),
        `has no name of 1 to ${LONGEST_NAME} characters that every engine can hold`,
      );
    }
    if (typeof work !== 'function')
      throw this.#refusal(name, `has no function to do, got ${kindOf(work)}: run.step(name, () => ...)`);
    if (this.#names.has(name)) throw new StepRepeatedError(this.#contract.name, this.#shown(name));
    if (this.#names.size === MOST_STEPS)
      throw this.#refusal(name, `is one more than the ${MOST_STEPS} that a run may have`);
    this.#names.add(name);
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const { id: jobId, token } = this.#run.job;
    const stored = await this.#patiently(() => this.#queue.readSteps({ jobId, token }));
    if (stored === undefined) throw this.#host.signal.reason ?? new JobAbortedError('lock lost');
    return stored;
  }

  #store(name: string, result: string): Promise<StepAnswer> {
    const { id: jobId, token } = this.#run.job;
    return this.#patiently(() => this.#queue.storeStep({ jobId, token, name, result }));
  }

  /** Waits for an engine that is away until the run is told to stop: what is stored twice is the same. */
  async #patiently<Value>(ask: () => Promise<Value>): Promise<Value> {
    const { signal } = this.#host;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!mayPass(error)) throw error;
      }
      signal.throwIfAborted();
      await sleep(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #jsonOf(name: string, value: unknown): string {
    if (value === undefined) return '';
    const misfit = misfitOf(value, () => scrubberOf(this.#run));
    if (misfit !== undefined) throw this.#refusal(name, `has a result that ${misfit.problem}`);
    const json = JSON.stringify(value);
    const bytes = Buffer.byteLength(json);
    if (bytes > MAX_STEP_BYTES) {
      throw this.#refusal(
        name,
        `has a result of ${bytes} bytes, at most ${MAX_STEP_BYTES} are kept: store it and return its id`,
      );
    }
    if (isUnstorableJson(json)) throw this.#refusal(name, 'has a text in its result that not every engine can hold');
    const { encrypt, name: contract } = this.#contract;
    if (encrypt.length > 0) return JSON.stringify(this.#run.at.cipher.encryptJson(contract, `step ${name}`, json));
    if (this.#contract.sensitive.length === 0) return json;
    const plain: unknown = JSON.parse(json);
    if (JSON.stringify(scrubDeep(plain, scrubberOf(this.#run))) !== JSON.stringify(plain)) {
      throw this.#refusal(
        name,
        'has a value of a sensitive field in its result, which is never stored again: return an id',
      );
    }
    return json;
  }

  /** A step without a result is stored as an empty text. */
  #valueOf(name: string, stored: string): unknown {
    if (stored === '') return undefined;
    const value: unknown = JSON.parse(stored);
    const { encrypt, name: contract } = this.#contract;
    const { cipher } = this.#run.at;
    return encrypt.length > 0
      ? cipher.decryptValue(contract, `step ${name}`, value)
      : cipher.openedValue(contract, `step ${name}`, value);
  }

  #refusal(name: string, problem: string): StepRefusedError {
    return new StepRefusedError(this.#contract.name, this.#shown(name), problem);
  }

  /** Names are often made of data. */
  #shown(name: string): string {
    return scrubberOf(this.#run)(name);
  }
}
