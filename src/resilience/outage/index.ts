/** What is an outage: the one place that says it, for drivers of every kind. Entered through `src/resilience`. */
export {
  faultOf,
  hasOrStemsFrom,
  isConflict,
  isOutage,
  isWithheld,
  mayPass,
  isPlatformAway,
  isRefusing,
  isUnreachable,
  reasonOf,
  stemsFromOutage,
} from './fault-of.ts';
export { type Fault } from './known-codes.ts';
export { signOf } from './sign.ts';
