import { program } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { change } from '../app/order.config.ts';
import { BOTH, type FaultCase } from '../case.ts';
import type { Trial } from '../trial.ts';

const APP = program('tests/faults/app/order.config.ts');
const ACCOUNTS = 3;
const EACH = 8;

/** By account, the jobs in the order in which they were enqueued. Some need a second attempt, one of each account never succeeds. */
async function enqueued(trial: Trial): Promise<ReadonlyMap<string, readonly string[]>> {
  const ids = new Map<string, string[]>();
  for (let nth = 0; nth < EACH * trial.scale; nth += 1) {
    for (let which = 0; which < ACCOUNTS; which += 1) {
      const account = `account-${which}`;
      const failures = nth === 3 ? 9 : trial.between(0, 2) === 0 ? 1 : 0;
      const data = { account, ms: trial.between(30, 250), failures };
      // Nothing is done to the engine: what refuses is a machine that is too busy.
      const ask = () => trial.client.enqueue(change, data, { idempotencyKey: `${account}-${nth}` });
      const { id } = await waitFor('the job to be taken', ask);
      ids.set(account, [...(ids.get(account) ?? []), id]);
    }
  }
  return ids;
}

/** Which jobs of these were started, each once where it was started several times in a row. */
function inTurn(trial: Trial, ids: readonly string[]): readonly string[] {
  const starts = trial.sink().filter(({ what, jobId }) => what === 'start' && ids.includes(jobId));
  return starts.map(({ jobId }) => jobId).filter((id, nth, all) => id !== all[nth - 1]);
}

export const orderFaults: readonly FaultCase[] = [
  {
    number: 63,
    title: 'SIGKILL of workers while groups of concurrency 1 run, retry and die: each keeps its order',
    engines: BOTH,
    // What the engines do is claimed of each by the suite of strict groups.
    smokeOn: ['redis'],
    async run(trial) {
      const fleet = await trial.readyFleet({}, APP);
      const ids = await enqueued(trial);
      for (let kill = 0; kill < 2; kill += 1) {
        const before = trial.sink().length;
        const begun = await waitFor('more jobs to begin', () => {
          const newest = trial.sink().findLast(({ what }) => what === 'start');
          return trial.sink().length > before + 6 && fleet.workers().find(pid => pid === newest?.pid);
        });
        process.kill(begun, 'SIGKILL');
      }
      await trial.drained('changes');
      const wrong: string[] = [];
      for (const [account, own] of ids) {
        const seen = inTurn(trial, own);
        if (seen.join() !== own.join()) wrong.push(`O: ${account} ran ${seen.join(' ')} in place of ${own.join(' ')}`);
      }
      const all = [...ids.values()].flat();
      trial.measured.jobs = all.length;
      const ended = new Set(trial.sink().flatMap(({ what, jobId }) => (what === 'end' ? [jobId] : [])));
      const lost = all.filter(id => !ended.has(id)).length - ACCOUNTS;
      if (lost !== 0) wrong.push(`L: ${lost} more jobs than the ${ACCOUNTS} that never succeed have no effect`);
      return wrong;
    },
  },
];
