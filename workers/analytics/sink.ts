import type { DeliveryError } from '../../src/resilience/index.ts';

/** A track or identify call, as its contract has validated it. */
export interface AnalyticsMessage {
  readonly type: 'track' | 'identify';
  readonly messageId: string;
  readonly userId?: string | undefined;
  readonly anonymousId?: string | undefined;
  readonly event?: string | undefined;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
  readonly traits?: Readonly<Record<string, unknown>> | undefined;
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly integrations?: Readonly<Record<string, unknown>> | undefined;
}

/** Kept, now or before; or why it cannot be. */
export type KeptAnswer = 'done' | DeliveryError;

/** Where events end up. Keeps the first of several messages with the same id, so that a job may run again. */
export interface AnalyticsSink {
  /**
   * Keeps all of them; answers for each where it can refuse some and keep the others.
   * @throws DeliveryError, for all of them
   */
  write(messages: readonly AnalyticsMessage[], signal: AbortSignal): Promise<readonly KeptAnswer[] | void>;
  migrate?(): Promise<void>;
}
