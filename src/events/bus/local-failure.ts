import { EventHandlerError } from './event-handler-error.ts';
import type { Verdict } from '../transport.ts';

/** What `publishAndWait` answers for one subscriber: nothing, or who failed and why. */
export function failureOf(subscription: string, type: string, verdict: Verdict): readonly EventHandlerError[] {
  if (verdict.kind === 'done') return [];
  const { error } = verdict;
  return [error instanceof EventHandlerError ? error : new EventHandlerError(subscription, type, error.message)];
}
