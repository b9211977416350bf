import type { Claim, Engine } from '../../engine/index.ts';

export interface LostClaimsOptions {
  readonly engine: Engine;
  readonly queues: readonly string[];
  /** The worker's name. */
  readonly worker: string;
  /** Whether the worker knows of it: runs it, or has passed it on. */
  readonly knows: (queue: string, claim: Claim) => boolean;
  readonly onHandedBack: (queue: string, jobId: string, jobName: string) => void;
}

/**
 * When a connection breaks while the engine answers a fetch, the job is active under this worker's name and the worker has never
 * heard of it: it would wait for its lock to expire, and then for the stall check (up to a minute, measured). After an outage
 * each worker therefore looks for what it holds and does not run.
 */
export class LostClaims {
  readonly #options: LostClaimsOptions;

  constructor(options: LostClaimsOptions) {
    this.#options = options;
  }

  /** What is claimed and not run now. It may be a job that has just been fetched, or one whose end is being recorded. */
  async look(): Promise<ReadonlySet<string>> {
    const found = await this.#unknown();
    return new Set(found.map(({ claim }) => claim.token));
  }

  /** Hands back what was so at the earlier look and still is: by now any fetch has arrived and any end is recorded. */
  async handBack(before: ReadonlySet<string>): Promise<void> {
    const { engine, onHandedBack } = this.#options;
    for (const { queueName, claim } of await this.#unknown()) {
      if (!before.has(claim.token)) continue;
      const handedBack = await engine.handBack(queueName, [claim]);
      if (handedBack.length > 0) onHandedBack(queueName, claim.jobId, claim.jobName);
    }
  }

  async #unknown(): Promise<{ readonly queueName: string; readonly claim: Claim }[]> {
    const { engine, queues, worker, knows } = this.#options;
    const claims = await Promise.all(queues.map(queue => engine.claims(queue)));
    return claims.flatMap((claimed, index) =>
      claimed
        .filter(claim => claim.worker === worker && !knows(queues[index] ?? '', claim))
        .map(claim => ({ queueName: queues[index] ?? '', claim })),
    );
  }
}
