import type { AnyJobContract, EnqueueOptions, Schedule } from '../../contracts/index.ts';
import { hasCode, toError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { IdempotencyConflictError, type Client } from '../../queue/index.ts';
import type { SlotFate } from '../../schedules/index.ts';

/** Whose slots are due. */
export interface SlotOwner {
  readonly name: string;
  readonly job: AnyJobContract;
  readonly dataAt: (slot: Date) => unknown;
  readonly overlap: Schedule['overlap'];
  readonly options: EnqueueOptions;
  /** What the job of that slot follows from: the same whoever leads. */
  readonly causeOf: (slot: number) => string;
}

export interface SlotEnd {
  readonly id: string | undefined;
  readonly what: SlotFate;
}

const LIVE: ReadonlySet<string> = new Set(['waiting', 'delayed', 'running']);

/** Makes the job of a slot: the one place where that is done, for schedules of the app and for those that were made at run time. */
export class SlotJobs {
  readonly #client: Pick<Client, 'enqueueFrom' | 'job'>;
  readonly #facts: Facts;

  constructor(client: Pick<Client, 'enqueueFrom' | 'job'>, facts: Facts) {
    this.#client = client;
    this.#facts = facts;
  }

  /** The slot's job, if it gives one; that it gives none is stated. Rejects where the engine did not do its part. */
  async make(owner: SlotOwner, slot: number, before: string | undefined): Promise<SlotEnd> {
    const { name, overlap, job: contract } = owner;
    if (overlap === 'skip' && before !== undefined) {
      const previous = await this.#client.job(before);
      if (previous !== undefined && LIVE.has(previous.state)) {
        this.#facts.emit('schedule.skipped', { schedule: name, slotMs: slot, jobId: before });
        return { id: undefined, what: 'skipped' };
      }
    }
    const at = new Date(slot);
    const id = owner.causeOf(slot);
    // Before the contract's own key, whose window may reach from slot to slot: then one would pass for a repeat of the other.
    const options = { ...owner.options, idempotencyKey: id };
    try {
      const data = owner.dataAt(at);
      const [receipt] = await this.#client.enqueueFrom({ id, at }, [{ kind: 'job-request', contract, data, options }]);
      return { id: receipt?.id, what: 'queued' };
    } catch (error) {
      if (hasCode(error, 'QUEUE_UNAVAILABLE', 'CLIENT_CLOSED')) throw error;
      // The slot became a job before the schedule got other data, and whoever made it could not say so.
      if (error instanceof IdempotencyConflictError) return { id: error.jobId, what: 'queued' };
      // The slot's own fault, such as data that its contract refuses: tried again it would fail again, and hold up those after it.
      this.failed(name, slot, error);
      return { id: undefined, what: 'failed' };
    }
  }

  /** Without a slot nothing was given up. */
  failed(schedule: string, slotMs: number | undefined, cause: unknown): void {
    this.#facts.emit('schedule.failed', { schedule, slotMs, error: toError(cause) });
  }
}
