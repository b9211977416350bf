import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { EnqueueOptions, JobRequest } from '../../../src/contracts/index.ts';
import { startProcess } from '../../support/child-process.ts';
import { program } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { measure, mortal, stepping, type AnswerLine } from '../app/answers.config.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { ONE, type Trial } from '../trial.ts';

const APP = program('tests/faults/app/answers.config.ts');
const WAITER = program('tests/faults/app/waiter.ts');
const QUEUE = 'answers';
/** What never comes must fail; nothing is measured. */
const LONG = { timeout: '5m' } as const;
/** A host starts a process anew, and what was left is looked for every five seconds. */
const PATIENCE_MS = 120_000;

/** Queues it, again until it is taken: where nothing is done to the engine, what refuses is a machine that is too busy. */
async function queued(trial: Trial, make: (options: EnqueueOptions) => JobRequest): Promise<string> {
  const request = make({ idempotencyKey: randomUUID() });
  const [receipt] = await waitFor('the job to be taken', () => trial.client.enqueueMany([request]), PATIENCE_MS);
  return receipt?.id ?? '';
}

const linesOf = (trial: Trial): readonly AnswerLine[] => trial.sink();

const waiterKilled: FaultCase = {
  number: 50,
  title: 'the process that waits for a result is killed: the job goes on, and whoever asks later has it',
  engines: BOTH,
  // That a job goes on when a wait for it ends, and that its result is there later, is tested on each (src/runtime/run/results.int.test.ts).
  smokeOn: ['redis'],
  async run(trial) {
    await trial.readyFleet(ONE, APP);
    const wrong: string[] = [];
    for (let round = 0; round < trial.scale; round += 1) {
      const ms = trial.between(200, 1_000);
      const id = await queued(trial, options => measure({ text: 'four', ms }, options));
      const env = { URL: trial.engine.url, KIND: trial.engine.kind, SHIFTWORK_NAMESPACE: trial.namespace, JOB: id };
      const waiter = startProcess(WAITER, { env });
      await waiter.line(/^waits$/);
      await pause(trial.between(0, 300));
      waiter.kill('SIGKILL');
      await waiter.ended;
      const { length } = await trial.client.result(id, { ...LONG, contract: measure });
      if (length !== 4) wrong.push(`the result of ${id} is ${length}`);
      const starts = trial.startsOf(id).length;
      if (starts !== 1) wrong.push(`${id} ran ${starts} times`);
    }
    return wrong;
  },
};

const restarted: FaultCase = {
  number: 51,
  title: 'SIGKILL and restart of the engine under those who wait for results: each has its own',
  engines: BOTH,
  async run(trial) {
    await trial.readyFleet(ONE, APP);
    const texts = Array.from({ length: 20 * trial.scale }, (_, index) => 'x'.repeat(index));
    const ids = await Promise.all(
      texts.map(text => queued(trial, options => measure({ text, ms: trial.between(100, 3_000) }, options))),
    );
    const waiting = ids.map(id => trial.client.result(id, { ...LONG, contract: measure }));
    const results = Promise.all(waiting);
    results.catch(() => undefined);
    await pause(trial.between(0, 2_000));
    await trial.engine.kill();
    await pause(trial.between(0, 1_000));
    await trial.engine.restart();
    return (await results).flatMap(({ length }, index) =>
      length === index ? [] : [`who waited for ${index} got ${length}`],
    );
  },
};

const betweenStepAndRecord: FaultCase = {
  number: 52,
  title: 'killed between a step and its record: that step is done again, those before it are not',
  engines: BOTH,
  // What a step answered is given back when the job runs again on each (src/runtime/run/steps/steps.int.test.ts); case 4 kills workers on Redis.
  smokeOn: ['postgres'],
  async run(trial) {
    await trial.readyFleet(ONE, APP);
    const wrong: string[] = [];
    for (let round = 0; round < trial.scale; round += 1) {
      const id = await queued(trial, options => stepping({ ms: trial.between(0, 20) }, options));
      await trial.client.result(id, LONG);
      const steps = linesOf(trial).filter(({ jobId, what }) => jobId === id && what === 'start');
      const [first, second] = ['first', 'second'].map(name => steps.filter(({ of }) => of === name).length);
      if (first !== 1 || second !== 2) wrong.push(`the first step was done ${first} times, the second ${second} times`);
    }
    return wrong;
  },
};

const aroundDeath: FaultCase = {
  number: 53,
  title: 'killed around a death: what follows from it is queued once',
  engines: BOTH,
  // A process that died between the end and its follower is caught up with on each (src/runtime/run/follow-death.int.test.ts).
  smokeOn: ['redis'],
  async run(trial) {
    await trial.readyFleet(ONE, APP);
    const ids: string[] = [];
    for (let round = 0; round < 3 * trial.scale; round += 1) {
      const id = await queued(trial, options => mortal({ killedAfterMs: trial.between(0, 12) }, options));
      ids.push(id);
      await waitFor(
        'the death and what follows',
        () => linesOf(trial).some(({ of, what }) => of === id && what === 'end'),
        PATIENCE_MS,
      );
    }
    await trial.drained(QUEUE);
    const ends = linesOf(trial).filter(({ of, what }) => what === 'end' && of !== undefined);
    const followers = Map.groupBy(ends, ({ of = '' }) => of);
    const queue = await trial.inspector.queue(QUEUE);
    const wrong: string[] = [];
    for (const id of ids) {
      const state = await queue.getJobState(id);
      if (state !== 'failed') wrong.push(`${id} is ${state}`);
      const told = new Set(followers.get(id)?.map(({ jobId }) => jobId)).size;
      if (told !== 1) wrong.push(`${told} jobs followed the death of ${id}`);
    }
    return wrong;
  },
};

export const answerFaults: readonly FaultCase[] = [betweenStepAndRecord, waiterKilled, restarted, aroundDeath];
