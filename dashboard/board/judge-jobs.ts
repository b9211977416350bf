import type { BeforeHookResult, HookContext } from '@bull-board/api/typings/app';
import { mayAct, type Role } from '../sign-in/roles.ts';
import { refusal } from './refusal.ts';
import { ShownQueue } from './shown-queue.ts';

/** What BullMQ cleans by name, other than what has ended. */
const UNFINISHED: ReadonlySet<string> = new Set(['wait', 'waiting', 'active', 'paused', 'prioritized', 'delayed']);

/** Bull Board would keep no history of it, leave the attempts spent and say nobody's name. */
const FAILED = 'A job that has ended in failure is replayed or discarded on /dead-letters, which keeps its history.';
const ALL_AGAIN = 'Running every succeeded job again would repeat its effects; retry single jobs.';

/** Emptying one list of a queue: of succeeded jobs by operators, of those that are still to run by admins. */
export function judgeCleanAll({ params }: HookContext['request'], role: Role): BeforeHookResult {
  const status = String(params['queueStatus']);
  if (status === 'completed') return undefined;
  if (status === 'failed') return refusal(403, FAILED);
  return UNFINISHED.has(status) ? unfinished(role) : refusal(400, 'No list of jobs that can be emptied has this name.');
}

export function judgeRetryAll({ params }: HookContext['request']): BeforeHookResult {
  const status = params['queueStatus'];
  if (status === 'completed') return refusal(403, ALL_AGAIN);
  return status === 'failed' ? refusal(403, FAILED) : undefined;
}

/** Removing one job, by the same rules. What cannot be read is no dead letter that anybody could discard. */
export async function judgeClean({ queues, params }: HookContext['request'], role: Role): Promise<BeforeHookResult> {
  const queue = queues.get(String(params['queueName']));
  if (!(queue instanceof ShownQueue)) return undefined;
  const id = String(params['jobId']);
  const state = await queue.stateOf(id);
  if (state === 'completed' || state === 'unknown') return undefined;
  if (state === 'failed' && (await queue.canBeRead(id))) return refusal(403, FAILED);
  return unfinished(role);
}

export async function judgeRetry({ queues, params }: HookContext['request']): Promise<BeforeHookResult> {
  const queue = queues.get(String(params['queueName']));
  if (!(queue instanceof ShownQueue)) return undefined;
  return (await queue.stateOf(String(params['jobId']))) === 'failed' ? refusal(403, FAILED) : undefined;
}

function unfinished(role: Role): BeforeHookResult {
  if (mayAct(role, 'admin')) return undefined;
  return refusal(403, `Removing what has not succeeded needs the role admin; yours is ${role}.`);
}
