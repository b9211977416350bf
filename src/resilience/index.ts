export { backoffDelay, exponential, fixed, type Backoff } from './backoff.ts';
