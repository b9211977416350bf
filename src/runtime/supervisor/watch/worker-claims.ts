import type { App } from '../../../contracts/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { readStoredJob, shownJobId } from '../../../queue/index.ts';
import type { QueueClaim } from './silence.ts';

/** What a worker has claimed. A suspect that it runs alone was claimed by another, under that one's name. */
export async function claimsOf(
  engine: Engine,
  queues: readonly string[],
  worker: string,
  alone: string | undefined,
): Promise<readonly QueueClaim[]> {
  const claims = await Promise.all(
    queues.map(async queue => (await engine.claims(queue)).map(claim => ({ ...claim, queue }))),
  );
  return claims.flat().filter(claim => (alone === undefined ? claim.worker === worker : nameOf(claim) === alone));
}

/** Renews the locks for as long as their queues' locks last. What is no longer locked with its token stays as it is. */
export async function keepClaims(engine: Engine, app: App, claims: readonly QueueClaim[]): Promise<void> {
  await Promise.allSettled(
    claims.map(async ({ queue, jobId, token }) => {
      const job = await readStoredJob(await engine.queue(queue), jobId);
      await job?.extendLock(token, app.queues.get(queue)?.lockMs ?? 0);
    }),
  );
}

function nameOf({ queue, jobId }: QueueClaim): string {
  return shownJobId({ queue, id: jobId });
}
