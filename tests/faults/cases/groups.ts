import { setTimeout as pause } from 'node:timers/promises';
import { isAlive } from '../../support/process-tree.ts';
import { program } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { AT_ONCE, counted, inTurn } from '../app/groups.config.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { tooMany, type Death } from '../too-many.ts';
import type { Fleet, Trial } from '../trial.ts';

const APP = program('tests/faults/app/groups.config.ts');
const LARGE = ['large-1', 'large-2', 'large-3'];
const SMALL = Array.from({ length: 10 }, (_, nth) => `small-${nth}`);
const OF_LARGE = 25;
const OF_SMALL = 3;
/** What a fault may cost a job: a run whose end nobody has recorded. */
const FAULTS_A_ROUND = 4;

/** What is enqueued: those of the large tenants before those of the small ones. */
const round = (trial: Trial) =>
  [
    ...LARGE.flatMap(tenant => Array(OF_LARGE).fill(tenant)),
    ...SMALL.flatMap(tenant => Array(OF_SMALL).fill(tenant)),
  ].map((tenant: string) => ({ tenant, ms: trial.between(5, 100) }));

/** Workers and the engine, killed and frozen, in an order that the seed says. */
async function faults(trial: Trial, fleet: Fleet, deaths: Death[]): Promise<void> {
  const one = (): number => {
    const all = fleet.workers();
    return all[trial.between(0, all.length - 1)] ?? 0;
  };
  const kinds = [
    () => {
      const pid = one();
      process.kill(pid, 'SIGKILL');
      deaths.push({ pid, at: Date.now() });
    },
    async () => {
      const pid = one();
      process.kill(pid, 'SIGSTOP');
      await pause(trial.between(100, 2_000));
      if (isAlive(pid)) process.kill(pid, 'SIGCONT');
    },
    async () => {
      await trial.engine.kill();
      await pause(trial.between(0, 1_000));
      await trial.engine.restart();
    },
    async () => {
      trial.engine.pause();
      await pause(trial.between(100, 3_000));
      trial.engine.resume();
    },
  ];
  while (kinds.length > 0) {
    await pause(trial.between(0, 300));
    await kinds.splice(trial.between(0, kinds.length - 1), 1)[0]?.();
  }
}

/** How many jobs of the large tenants began before each small one had begun one, since all of them waited. */
function overtook(trial: Trial, tenants: ReadonlyMap<string, string>, since: number): number {
  const begun = new Set<string>();
  let large = 0;
  for (const { what, jobId, at } of trial.sink()) {
    const tenant = tenants.get(jobId);
    if (what !== 'start' || tenant === undefined || at < since) continue;
    if (LARGE.includes(tenant)) large += 1;
    else if (begun.add(tenant).size === SMALL.length) break;
  }
  return large;
}

function groupsUnderFaults(job: typeof counted, title: string, smokeOn: FaultCase['smokeOn']): FaultCase {
  return {
    number: 67,
    title,
    engines: BOTH,
    ...(smokeOn && { smokeOn }),
    async run(trial) {
      const { client } = trial;
      const fleet = await trial.readyFleet({ WORKER_PROCESSES: '3', LOG_LEVEL: 'debug' }, APP);
      const deaths: Death[] = [];
      const tenants = new Map<string, string>();
      const enqueue = async (): Promise<void> => {
        const made = round(trial);
        const receipts = await client.enqueueMany(made.map(data => job(data)));
        for (const [nth, { id }] of receipts.entries()) tenants.set(id, made[nth]?.tenant ?? '');
      };
      for (let nth = 0; nth < trial.scale; nth += 1) {
        await enqueue();
        const begun = trial.sink().length;
        await waitFor('some to run', () => trial.sink().length > begun);
        await faults(trial, fleet, deaths);
        await trial.drained(job.queue);
      }
      // What the faults have left of the groups must keep nobody, and nobody's turn.
      await waitFor('the workers', () => fleet.facts('worker.started').length >= 3 + deaths.length);
      await enqueue();
      const since = Date.now();
      await trial.drained(job.queue);
      const sooner = overtook(trial, tenants, since);

      const faultsAtAll = FAULTS_A_ROUND * trial.scale;
      const queue = await trial.inspector.queue(job.queue);
      const wrong = [...tooMany(trial.sink(), tenants, AT_ONCE, deaths)];
      trial.measured.jobs = tenants.size;
      const succeeded = Map.groupBy(fleet.facts('job.succeeded'), ({ jobId }) => jobId);
      for (const id of tenants.keys()) {
        const found = await queue.getJob(id);
        const state = await found?.getState();
        const runs = trial.startsOf(id).length;
        if (found === undefined) wrong.push(`L: ${id} is lost`);
        else if (state !== 'completed') wrong.push(`L: ${id} is ${state}: ${found.failedReason}`);
        else if (found.attemptsMade > 1) wrong.push(`A: ${id} has spent ${found.attemptsMade} attempts`);
        if (runs > 1 + faultsAtAll) wrong.push(`D: ${id} ran ${runs} times`);
        if ((succeeded.get(id)?.length ?? 0) > 1) wrong.push(`D: ${id} has ended ${succeeded.get(id)?.length} times`);
      }
      if (job === inTurn && sooner > (LARGE.length * OF_LARGE) / 2)
        wrong.push(`F: ${sooner} jobs of large tenants began before each small one had its turn`);
      return wrong;
    },
  };
}

export const groupFaults: readonly FaultCase[] = [
  groupsUnderFaults(
    counted,
    'workers and the engine are killed and frozen while jobs run of whose tenants so many may run at once',
    ['postgres'],
  ),
  groupsUnderFaults(
    inTurn,
    'workers and the engine are killed and frozen while tenants take turns of whose jobs so many may run at once',
    [],
  ),
];
