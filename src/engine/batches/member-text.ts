import type { MemberEnd, MemberState } from './batch-store.ts';

const STATES: ReadonlySet<string> = new Set<MemberState>([
  'succeeded',
  'dead',
  'cancelled',
  'expired',
  'discarded',
  'skipped',
  'gone',
]);

/** A member's end as the record in its own slot has it, without its id. */
export function memberText({ batchId, state, at }: Omit<MemberEnd, 'jobId'>): string {
  return `${state} ${at} ${batchId}`;
}

/** Undefined where another program wrote it. */
export function readMember(jobId: string, text: string): MemberEnd | undefined {
  const [state = '', at = '', batchId = ''] = text.split(' ');
  const time = Number(at);
  return isState(state) && batchId !== '' && Number.isSafeInteger(time)
    ? { batchId, jobId, state, at: time }
    : undefined;
}

function isState(text: string): text is MemberState {
  return STATES.has(text);
}
