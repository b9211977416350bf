import { hostname } from 'node:os';
import type { Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { sourceIn } from '../ids/job-id.ts';

/** The process in which a job was enqueued. */
export interface Producer {
  readonly host: string;
  readonly pid: number;
  /** What `connect({ release })` was given. */
  readonly release?: string;
}

const PRODUCERS = 'producer';
const DAY_MS = 86_400_000;
const KEPT_MS = 14 * DAY_MS;
const TEXT = 60;

export interface ProducerNoteOptions {
  readonly engine: Engine;
  /** The part that all ids of this client have in common. */
  readonly source: string;
  readonly release: string | undefined;
}

/**
 * Who makes jobs, written once for a client and not with each job: every id of a client has one part in common, and under that stands the process.
 * It is written beside the first job, and again with the first of each later day. No job waits for it, and none fails because of it.
 */
export class ProducerNote {
  readonly #options: ProducerNoteOptions;
  #stands = false;
  #writing: Promise<void> = Promise.resolve();
  #daily: NodeJS.Timeout | undefined;

  constructor(options: ProducerNoteOptions) {
    this.#options = options;
  }

  /** With each job: it costs nothing while the note stands. */
  keep(): void {
    if (this.#stands) return;
    this.#stands = true;
    this.#writing = this.#write().catch(() => void (this.#stands = false));
  }

  /** Resolves when what was begun is written, or has failed. */
  async close(): Promise<void> {
    clearInterval(this.#daily);
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { engine, source, release } = this.#options;
    const host = hostname().slice(0, TEXT);
    const producer: Producer = {
      host,
      pid: process.pid,
      ...(release !== undefined && { release: release.slice(0, TEXT) }),
    };
    this.#daily ??= setInterval(() => (this.#stands = false), DAY_MS).unref();
    await (await openState(engine)).set(PRODUCERS, source, producer, KEPT_MS);
  }
}

/**
 * Undefined where nobody knows: a job that follows from something has an id that is made of its cause, another program says nothing, and a process that
 * has enqueued nothing for two weeks is forgotten.
 */
export async function readProducer(engine: Engine, jobId: string): Promise<Producer | undefined> {
  const source = sourceIn(jobId);
  if (source === undefined) return undefined;
  const entry = await (await openState(engine)).get(PRODUCERS, source);
  return producerIn(entry?.value);
}

/** In words, for whoever looks at a job. */
export function producerText({ host, pid, release }: Producer): string {
  return `process ${pid} on ${host}${release === undefined ? '' : `, release ${release}`}`;
}

/** Another release may have written it. */
function producerIn(value: unknown): Producer | undefined {
  const { host, pid, release }: Partial<Record<keyof Producer, unknown>> = { ...Object(value) };
  if (typeof host !== 'string' || typeof pid !== 'number') return undefined;
  return { host, pid, ...(typeof release === 'string' && { release }) };
}
