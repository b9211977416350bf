import type { Claim, Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { readStoredJob } from '../../queue/index.ts';
import type { StateStore } from '../../state/index.ts';
import { handBackOn } from '../hand-back.ts';
import type { BlameBook } from './blame.ts';
import { supervisorOf } from './messages.ts';

const LEASE_MS = 5_000;

export interface RescueOptions {
  readonly engine: Engine;
  readonly store: StateStore;
  readonly blame: BlameBook;
  readonly facts: Facts;
  /** The supervisor that rescues. */
  readonly name: string;
  readonly queues: readonly string[];
}

/** Why a job's worker is known to be gone. `late`: a claim that a dead worker had under way when its jobs were rescued. */
export type RescueCause = 'worker-died' | 'host-lost' | 'late';

/** Hands back what workers held that are no more. Their lock tokens can be read: no lock has to expire first. */
export class Rescue {
  readonly #options: RescueOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /**
   * Hands back every job whose worker's name is `gone`, attempts untouched, and counts the crash against each. Answers the ids of
   * all that were held. Jobs that cannot be read, and queues that cannot be reached, are left to the stall check.
   *
   * One look after another: on a slow machine the next would begin before the one before it has handed back what it found.
   */
  run(cause: RescueCause, gone: (worker: string, jobId: string) => boolean): Promise<readonly string[]> {
    const look = async (): Promise<readonly string[]> => {
      const rescued = await Promise.all(this.#options.queues.map(queue => this.#queue(queue, cause, gone)));
      return rescued.flat();
    };
    const looked = this.#turn.then(look, look);
    this.#turn = looked;
    return looked;
  }

  async #queue(
    name: string,
    cause: RescueCause,
    gone: (worker: string, jobId: string) => boolean,
  ): Promise<readonly string[]> {
    const { engine, blame } = this.#options;
    const claims = await engine.claims(name);
    const found = claims.filter(({ worker, jobId }) => worker !== undefined && gone(worker, jobId));
    const held = cause === 'host-lost' ? await this.#leased(name, found) : found;
    // Counted first: handed back, a job may be running again before the count is written.
    if (cause !== 'late') {
      await Promise.all(held.map(({ jobId, worker = '' }) => blame.count([jobId], worker)));
    }
    await Promise.all(held.map(claim => this.#handBack(name, claim, cause)));
    return held.map(({ jobId }) => jobId);
  }

  /** Every other host sees the lapse at the same time; one of them rescues, so that a crash is counted once. */
  async #leased(queue: string, claims: readonly Claim[]): Promise<readonly Claim[]> {
    const { store, name } = this.#options;
    const owners = [...new Set(claims.map(ownerOf))];
    const won = await Promise.all(
      owners.map(owner => store.compareAndSet('rescue', `${queue}/${owner}`, 0, { rescuer: name }, LEASE_MS)),
    );
    return claims.filter(claim => won[owners.indexOf(ownerOf(claim))] !== undefined);
  }

  async #handBack(queueName: string, { jobId, token, worker = '' }: Claim, cause: RescueCause): Promise<void> {
    const { engine, facts, name } = this.#options;
    try {
      const queue = await engine.queue(queueName);
      const job = await readStoredJob(queue, jobId);
      if (job === undefined) return;
      try {
        await handBackOn(engine.kind)(job, token);
      } catch (error) {
        if (engine.kind === 'redis') throw error;
        // Another worker may have claimed it before its place could be corrected: then it is running again, which is all that
        // was wanted.
        const now = await readStoredJob(queue, jobId);
        if (now === undefined || now.attemptsStarted <= job.attemptsStarted) throw error;
      }
      facts.state('job.rescued', { jobId, jobName: job.name, queue: queueName, worker, rescuer: name, cause });
    } catch {
      // Its lock has changed hands meanwhile, or it cannot be read: then others look after it.
    }
  }
}

function ownerOf({ worker = '' }: Claim): string {
  return supervisorOf(worker) ?? worker;
}
