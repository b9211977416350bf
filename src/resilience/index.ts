export { backoffDelay, exponential, fixed, type Backoff } from './backoff.ts';
export {
  afterFailure,
  afterSuccess,
  isOfEarlierPhase,
  notedAtOf,
  BREAKER_DEFAULTS,
  GONE_BACK_MS,
  CLOSED,
  mayCall,
  opened,
  openingsOf,
  type BreakerPolicy,
  type BreakerState,
  type CallEnd,
} from './breaker-state.ts';
export { callWithin, type CallLimit } from './call-within.ts';
export { certificateProblem } from './certificate-problem.ts';
export { CircuitBreaker, type CircuitBreakerOptions } from './circuit-breaker.ts';
export {
  faultOf,
  isConflict,
  isOutage,
  isWithheld,
  mayPass,
  isRefusing,
  isUnreachable,
  reasonOf,
  signOf,
  stemsFromOutage,
  type Fault,
  hasOrStemsFrom,
  isPlatformAway,
} from './outage/index.ts';
export { Progress, type ProgressParts } from './progress.ts';
export { standAside } from './stand-aside.ts';
export { isRetryable, retry, type RetryOptions } from './retry.ts';
export * from './call-timeout-error.ts';
export * from './circuit-open-error.ts';
export * from './delivery-error.ts';
