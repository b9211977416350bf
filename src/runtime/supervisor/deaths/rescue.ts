import type { Claim, Engine } from '../../../engine/index.ts';
import type { Facts } from '../../../facts/index.ts';
import { shownJobId } from '../../../queue/index.ts';
import { GONE_WORKERS, type StateStore } from '../../../state/index.ts';
import type { BlameBook } from '../../../dead-letters/index.ts';
import { supervisorOf } from '../child/messages.ts';

const LEASE_MS = 5_000;
/** What a worker did in the ledger lapses by itself before that is over. */
const GONE_KEPT_MS = 3_600_000;

export interface RescueOptions {
  readonly engine: Pick<Engine, 'kind' | 'claims' | 'handBack'>;
  readonly store: StateStore;
  readonly blame: BlameBook;
  readonly facts: Facts;
  /** The supervisor that rescues. */
  readonly name: string;
  readonly queues: readonly string[];
  /** Beside those: queues that no contract names, as they were found last. */
  readonly others?: () => readonly string[];
}

/**
 * Why a job's worker is known to be gone. `worker-killed`: its supervisor has ended it, through no fault of what it ran. `late`: a claim
 * that a dead worker had under way when its jobs were rescued.
 */
export type RescueCause = 'worker-died' | 'worker-killed' | 'host-lost' | 'late';

export type CauseOfDeath = RescueCause | ((worker: string) => RescueCause);

/** Hands back what workers had claimed that are no more. Their lock tokens can be read: no lock has to expire first. */
export class Rescue {
  readonly #options: RescueOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RescueOptions) {
    this.#options = options;
  }

  /**
   * Hands back every job whose worker's name is `gone` for the job of that name, attempts untouched, and counts the crash against each. Answers the names of
   * all that were mine. What cannot be read or reached now is left to the next look and to the stall check; never rejects.
   *
   * One look after another: on a slow machine the next would begin before the one before it has handed back what it found.
   */
  run(cause: CauseOfDeath, gone: (worker: string, job: string) => boolean): Promise<readonly string[]> {
    const look = async (): Promise<readonly string[]> => {
      const { queues, others } = this.#options;
      const rescued = await Promise.all(
        [...queues, ...(others?.() ?? [])].map(queue => this.#queue(queue, cause, gone).catch(() => [])),
      );
      return rescued.flat();
    };
    const looked = this.#turn.then(look);
    this.#turn = looked;
    return looked;
  }

  /** Says to all hosts that these workers are no more: nobody waits for their leases. */
  async departed(workers: Iterable<string>): Promise<void> {
    const { store } = this.#options;
    const said = [...workers].map(worker => store.set(GONE_WORKERS, worker, true, GONE_KEPT_MS));
    await Promise.all(said).catch(() => undefined);
  }

  async #queue(
    name: string,
    cause: CauseOfDeath,
    gone: (worker: string, job: string) => boolean,
  ): Promise<readonly string[]> {
    const { engine } = this.#options;
    const claims = await engine.claims(name);
    const found = claims.filter(
      ({ worker, jobId }) => worker !== undefined && gone(worker, shownJobId({ queue: name, id: jobId })),
    );
    const byCause = Map.groupBy(found, ({ worker = '' }) => (typeof cause === 'string' ? cause : cause(worker)));
    const rescued = await Promise.all([...byCause].map(([one, those]) => this.#rescue(name, those, one)));
    return rescued.flat();
  }

  async #rescue(queue: string, claims: readonly Claim[], cause: RescueCause): Promise<readonly string[]> {
    const { blame } = this.#options;
    const mine = cause === 'host-lost' ? await this.#leased(queue, claims) : claims;
    // First: handed back, a job may ask at once for what this worker was doing.
    await this.departed(new Set(mine.map(({ worker = '' }) => worker)));
    // Counted first: handed back, a job may be running again before the count is written.
    if (cause === 'worker-died' || cause === 'host-lost') {
      const byWorker = Map.groupBy(mine, ({ worker = '' }) => worker);
      await Promise.all(
        [...byWorker].map(([worker, its]) =>
          blame.count(
            its.map(({ jobId }) => shownJobId({ queue, id: jobId })),
            worker,
          ),
        ),
      );
    }
    // Whether it came about or not, and its answer may be lost: these were mine.
    await this.#handBack(queue, mine, cause).catch(() => undefined);
    return mine.map(({ jobId }) => shownJobId({ queue, id: jobId }));
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

  async #handBack(queue: string, mine: readonly Claim[], cause: RescueCause): Promise<void> {
    const { engine, facts, name } = this.#options;
    // Those whose lock has changed hands meanwhile are looked after by others.
    const handedBack = new Set(await engine.handBack(queue, mine));
    for (const { jobId, jobName, worker = '' } of mine) {
      if (handedBack.has(jobId)) facts.emit('job.rescued', { jobId, jobName, queue, worker, rescuer: name, cause });
    }
  }
}

function ownerOf({ worker = '' }: Claim): string {
  return supervisorOf(worker) ?? worker;
}
