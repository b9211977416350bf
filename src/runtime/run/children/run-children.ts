import {
  InvalidResultError,
  readResult,
  type AnyJobContract,
  type ChildEnd,
  type ResultOf,
  type RunChildren,
} from '../../../contracts/index.ts';
import type { Engine, JobPlace } from '../../../engine/index.ts';
import { encryptedText } from '../../../privacy/index.ts';

/** The children of a run's job, asked for once a run. */
export class ChildrenOfRun implements RunChildren {
  readonly #engine: Pick<Engine, 'ends' | 'queue' | 'cipher'>;
  readonly #job: JobPlace;
  readonly #waits: <Value>(ask: () => Promise<Value>) => Promise<Value>;
  #ends: Promise<readonly ChildEnd[]> | undefined;

  /** `waits`: time in which the engine is asked is not the handler's. */
  constructor(
    engine: Pick<Engine, 'ends' | 'queue' | 'cipher'>,
    job: JobPlace,
    waits: <Value>(ask: () => Promise<Value>) => Promise<Value>,
  ) {
    this.#engine = engine;
    this.#job = job;
    this.#waits = waits;
  }

  all(): Promise<readonly ChildEnd[]> {
    this.#ends ??= this.#waits(() => this.#read());
    return this.#ends;
  }

  async results<Contract extends AnyJobContract>(contract: Contract): Promise<readonly ResultOf<Contract>[]> {
    const results: ResultOf<Contract>[] = [];
    for (const child of await this.all()) {
      if (child.state !== 'succeeded' || child.queue !== contract.queue) continue;
      const name = await this.#waits(() => this.#nameOf(child));
      if (name !== undefined && name !== contract.name) continue;
      const { cipher } = this.#engine;
      const { result: stored } = child;
      const result =
        contract.encrypt.length > 0
          ? cipher.decryptValue(contract.name, 'result', stored)
          : cipher.openedValue(contract.name, 'result', stored);
      const read = readResult(contract, result);
      if (read.kind === 'unreadable') throw new InvalidResultError(contract.name, read.problem);
      // What its contract's schema has read, or any JSON without one.
      results.push(read.result as ResultOf<Contract>);
    }
    return results;
  }

  async #read(): Promise<readonly ChildEnd[]> {
    const children = await (await this.#engine.ends()).children(this.#job);
    return Promise.all(
      children.map(async ({ queue, id, state, result, message }): Promise<ChildEnd> => {
        if (state === 'succeeded')
          return { id, queue, state, result: await this.#decrypted({ queue, id }, parsed(result)) };
        return state === 'failed' ? { id, queue, state, message } : { id, queue, state };
      }),
    );
  }

  /** Of a child whose contract encrypts; one that its retention has removed is nobody's to read. */
  async #decrypted(child: JobPlace, result: unknown): Promise<unknown> {
    if (encryptedText(result) === undefined) return result;
    const name = await this.#nameOf(child);
    try {
      return name === undefined ? result : this.#engine.cipher.decryptValue(name, 'result', result);
    } catch {
      // It may only look so: whoever asks with its contract is told.
      return result;
    }
  }

  /** A child that its retention has removed is taken for one of whatever contract of its queue is asked for. */
  async #nameOf({ queue, id }: JobPlace): Promise<string | undefined> {
    return (await (await this.#engine.queue(queue)).getJob(id))?.name;
  }
}

/** A stock worker may have stored anything. */
function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? 'null');
  } catch {
    return undefined;
  }
}
