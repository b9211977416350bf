import type { AnyJobContract } from '../define/job-contract.ts';
import type { HandlerDecision } from './handler-decision.ts';
import type { Run } from './run.ts';
import type { RunOutcome } from './run-outcome.ts';

/** The run that a middleware stands around. */
export interface RunAround {
  readonly contract: AnyJobContract;
  /** As the contract's schema has validated it. */
  readonly data: unknown;
  readonly run: Run;
}

/**
 * Stands around every run of the app that reaches a handler: `defineApp({ use: [timing, tenant] })`, the first one outermost.
 *
 * `next()` runs what is inside and answers what it came to; it never rejects, and runs once however often it is called. What the middleware
 * answers becomes of the run: what `next()` answered, another outcome, or a decision such as `cancel('the tenant is closed')`, also in place
 * of `next()`. Nothing: what `next()` answered. What it throws fails the attempt. The contract's timeout counts for all of it.
 */
export type Middleware = (
  around: RunAround,
  next: () => Promise<RunOutcome>,
) => Promise<RunOutcome | HandlerDecision | void> | RunOutcome | HandlerDecision | void;
