import {
  defineApp,
  defineSchedule,
  handle,
  type AnyJobContract,
  type App,
  type JobContract,
} from '../../../src/index.ts';
import type { TrialData } from '../jobs.ts';
import { perform } from './perform.ts';

/** What a reader of the guide makes of the contracts that `shiftwork adopt` has written: a handler for each. */
const written = new URL('adopted/shiftwork.config.ts', import.meta.url).href;
const { default: adopted } = (await import(written)) as { readonly default: App };
const contracts = [...adopted.jobs.values()].filter(isContract);

export default defineApp({
  jobs: contracts,
  handlers: contracts.map(contract =>
    handle(contract, async (data, run) => {
      const ends = await run.children.all();
      const children = ends.flatMap(end => (end.state === 'succeeded' ? [String(end.result)] : []));
      return perform({ by: 'ours', name: run.jobName, id: run.jobId, children }, dataOf(data));
    }),
  ),
  schedules: process.env['MOVE_SCHEDULES'] === 'ours' ? schedules() : [],
});

function schedules() {
  const job = (name: string): JobContract => {
    const [found] = contracts.filter(contract => contract.name === name);
    if (found === undefined) throw new Error(`Expected a contract of the name ${name}, found none.`);
    return found;
  };
  return [
    defineSchedule({ name: 'every-second', job: job('everySecond'), data: { n: 'everySecond' }, every: '1s' }),
    defineSchedule({ name: 'every-other', job: job('everyOther'), data: { n: 'everyOther' }, cron: '*/2 * * * * *' }),
  ];
}

export function isContract(contract: AnyJobContract): contract is JobContract {
  return typeof contract === 'function';
}

function dataOf(data: unknown): Partial<TrialData> {
  return typeof data === 'object' && data !== null ? data : {};
}
