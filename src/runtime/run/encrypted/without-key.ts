import type { AnyJobContract } from '../../../contracts/index.ts';
import type { Outcome } from '../outcome.ts';
import type { RunContext } from '../run-context.ts';

/** How long a job waits for a key that this process lacks, and its contract is paused, before somebody looks whether it is back. */
export const KEY_AGAIN_MS = 30_000;

/**
 * A job whose data is encrypted with a key that this process lacks, or has another one in the place of: no attempt is spent, and none of its contract is begun meanwhile. The pause ends
 * by itself: who takes the next job has the key, or pauses again.
 */
export async function withoutKey(run: RunContext, { name }: AnyJobContract, keyId: string): Promise<Outcome> {
  const untilMs = Math.ceil(run.now() + KEY_AGAIN_MS);
  await run.at.pauseWithoutKey(name, keyId, untilMs);
  return {
    kind: 'snoozed',
    untilMs,
    reason: `PAYLOAD_KEYS lacks the key "${keyId}" here, or has another one of that id`,
    alarm: true,
  };
}
