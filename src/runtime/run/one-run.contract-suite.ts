import { z } from 'zod';
import { defineJob, type AnyJobContract, type Handler } from '../../contracts/index.ts';
import type { TakenJob } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { fixed } from '../../resilience/index.ts';
import { PayloadCipher } from '../../privacy/index.ts';
import { Ledger, MemoryStateStore } from '../../state/index.ts';
import { Fetches } from '../host/fetches.ts';
import { NoteSender } from './notes/note-sender.ts';
import { runContext, type Assignment, type QueueContext, type RunContext } from './run-context.ts';
import { RunningJobs } from './running-jobs.ts';

/** The engine's time in these tests. */
export const NOW = Date.UTC(2026, 0, 1);

export const greet = defineJob({
  queue: 'email',
  name: 'greet',
  version: 2,
  schema: z.object({ to: z.string() }),
  retry: { attempts: 3, backoff: fixed('10s') },
  timeout: '2s',
});

export type SoundJob = Extract<TakenJob, { kind: 'sound' }>;

export function takenJob(parts: Partial<SoundJob> = {}): SoundJob {
  return {
    kind: 'sound',
    id: 'email-1',
    token: 'token-1',
    name: 'greet',
    data: { to: 'ada' },
    opts: { attempts: 3, telemetry: { metadata: '{"v":2}' } },
    timestamp: NOW - 1_000,
    attemptsMade: 0,
    attemptsStarted: 1,
    progress: 0,
    stacktrace: [],
    deferredFailure: undefined,
    repeatJobKey: undefined,
    ...parts,
  };
}

export interface OneRun {
  readonly at: QueueContext;
  readonly job: TakenJob;
  readonly run: RunContext;
  readonly assignment: Assignment;
  readonly facts: Facts;
  /** What was taken away from the notes of a job. */
  readonly cleared: readonly unknown[];
}

export interface OneRunParts {
  readonly contract?: AnyJobContract;
  readonly perform?: Handler['perform'];
  readonly job?: TakenJob;
  readonly at?: Partial<QueueContext>;
}

/** One job and all that its run is given, without an engine, a worker or a clock that goes. */
export function oneRun({
  contract = greet,
  perform = () => undefined,
  job = takenJob(),
  at = {},
}: OneRunParts = {}): OneRun {
  const facts = new Facts();
  const cleared: unknown[] = [];
  const handler: Handler = { kind: 'handler', contract, needs: {}, perform };
  const ledger = async (): Promise<Ledger> => new Ledger(new MemoryStateStore(), { scope: contract.name });
  const assignment: Assignment = { contract, handler, needs: {}, ledger, use: [] };
  const context: QueueContext = {
    cipher: new PayloadCipher(undefined, undefined),
    pauseWithoutKey: async () => undefined,
    clock: { at: () => NOW },
    now: () => NOW,
    clockDoubted: () => false,
    queue: contract.queue,
    worker: 'worker-1',
    facts,
    running: new RunningJobs(),
    fetches: new Fetches(),
    assignments: new Map([[contract.name, assignment]]),
    notes: new NoteSender({
      queue: { note: () => Promise.reject(new Error('Nothing is noted.')) },
      onError: () => undefined,
    }),
    engine: {
      batches: () => Promise.reject(new Error('none')),
      cipher: new PayloadCipher(undefined, undefined),
      ends: () => Promise.reject(new Error('none')),
      queue: () => Promise.reject(new Error('none')),
      turns: () => Promise.reject(new Error('none')),
    },
    batches: { add: () => Promise.reject(new Error('Nothing is added.')) },
    steps: { readSteps: async () => new Map(), storeStep: async () => 'stored' },
    clearNote: async (jobId, progress) => void cleared.push([jobId, progress]),
    stopping: () => false,
    suspicion: undefined,
    destinations: undefined,
    grouping: undefined,
    groups: { pauseGroup: async () => undefined, resumeGroup: async () => undefined },
    tracer: undefined,
    onStuck: undefined,
    ...at,
  };
  return { at: context, job, run: runContext(context, job), assignment, facts, cleared };
}
