import { setTimeout as pause } from 'node:timers/promises';
import { brief, work } from '../app/chaos.config.ts';
import { waitFor } from '../../support/wait-for.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE } from '../trial.ts';

const QUICK = 8;
const PATIENCE_MS = 60_000;

const lastTwo: FaultCase = {
  number: 61,
  title: 'SIGKILL of a host while the last two members of a batch end',
  engines: BOTH,
  // Ends that a worker wrote and did not bring are found on each (src/runtime/batches/batches.int.test.ts).
  smokeOn: ['postgres'],
  async run(trial) {
    const fleets = await Promise.all([trial.readyFleet(ONE), trial.readyFleet(ONE)]);
    const lastMs = trial.between(800, 1_200);
    const quick = Array.from({ length: QUICK }, (_, nth) => ({ key: `q${nth}`, does: 'sleep' as const, ms: 5 }));
    const last = ['a', 'b'].map(key => ({ key, does: 'sleep' as const, ms: lastMs }));
    const members = [...last, ...quick];
    const callback = (key: string) => brief({ key, does: 'sleep', ms: 5 });
    const { id, jobs } = await trial.client.batch({
      name: 'fault',
      jobs: members.map(member => work(member)),
      onComplete: callback('complete'),
      onSuccess: callback('success'),
      onDeath: callback('death'),
      idempotencyKey: 'fault',
    });
    for (const [nth, job] of jobs.entries())
      trial.accepted.set(job.id, members[nth] ?? { key: '', does: 'sleep', ms: 0 });
    const lastIds = jobs.slice(0, 2).map(job => job.id);
    await waitFor('the last two to run', () => lastIds.every(jobId => trial.startsOf(jobId).length > 0), PATIENCE_MS);
    // Some time around their ends: before, while the ends are written and brought, or behind that.
    await pause(lastMs + trial.between(-60, 60));
    fleets[trial.between(0, 1)]?.killHost();
    const ended = () => trial.client.batchView(id).then(view => view?.state === 'ended' && view);
    const view = await waitFor('the batch to end', ended, PATIENCE_MS);
    const followers = () => [
      ...new Set(
        trial.sink().flatMap(({ what, jobId }) => (what === 'end' && !trial.accepted.has(jobId) ? [jobId] : [])),
      ),
    ];
    await waitFor('both callbacks', () => followers().length >= 2, PATIENCE_MS);
    await trial.drained();
    const found = followers();
    for (const jobId of found) trial.accepted.set(jobId, { key: 'callback', does: 'sleep', ms: 0 });
    return [
      ...(await trial.violations({ faults: 1 })),
      ...(found.length === 2 ? [] : [`${found.length} callbacks were queued`]),
      ...(view.ended.succeeded === members.length ? [] : [`of the members ended ${JSON.stringify(view.ended)}`]),
    ];
  },
};

export const batchFaults: readonly FaultCase[] = [lastTwo];
