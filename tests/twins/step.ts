import type { NewJob, Turn } from '../../src/engine/turns/index.ts';

/** One step of a history, done to both twins. */
export type Step =
  | { readonly what: 'add'; readonly jobs: readonly NewJob[] }
  | { readonly what: 'turn'; readonly turn: Turn }
  | { readonly what: 'stalled'; readonly now: number; readonly mostStalls: number }
  /** What a stock program or a server does, the same to both. */
  | { readonly what: 'stock'; readonly deed: Deed };

export type Deed =
  | { readonly what: 'pause' | 'resume' | 'expire-limiter' }
  | { readonly what: 'set-meta'; readonly fields: Readonly<Record<string, string | undefined>> }
  | { readonly what: 'drop-lock' | 'delete-job' | 'promote' | 'drop-name' | 'wait-for-it'; readonly id: string }
  | { readonly what: 'take-lock'; readonly id: string; readonly token: string }
  | { readonly what: 'drop-key' | 'delete-holder'; readonly key: string }
  | { readonly what: 'list'; readonly key: string; readonly member: string }
  | { readonly what: 'flow'; readonly now: number; readonly parent: NewJob; readonly children: readonly NewJob[] }
  | { readonly what: 'wait-for-children'; readonly id: string; readonly token: string }
  | { readonly what: 'defer-failure'; readonly id: string };

/** What a twin answered, in a form that can be compared. */
export type Answer = unknown;

export const QUEUE = 'twin';
export const PREFIX = 'bull';
/** A key of real time, in which one look in a while is allowed: where the machine is busy it would let one twin look and not the other. */
export const STALLED_CHECK = `${PREFIX}:${QUEUE}:stalled-check`;
/** Milliseconds that no history lasts. */
export const LOCK_MS = 3_600_000;
export const RATE = { max: 4, perMs: 3_600_000 } as const;

export interface HistorySettings {
  readonly limited: boolean;
  readonly metricsKept: number;
  /** Every script of ours is sent twice, as a driver does whose answer was lost. */
  readonly losesAnswers: boolean;
  /** How many events the stream keeps. */
  readonly eventsKept: number | undefined;
}

export interface Twin {
  start(settings: HistorySettings): Promise<void>;
  apply(step: Step): Promise<Answer>;
}

export function keepEvents(count: number): Readonly<Record<string, string>> {
  return { 'opts.maxLenEvents': String(count) };
}
