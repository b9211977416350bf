import { describe, expect, test } from 'vitest';
import { MemoryStateStore } from '../../../state/store/memory-store.ts';
import { BlameBook } from '../../../dead-letters/index.ts';
import { Deaths } from './deaths.ts';
import type { CauseOfDeath } from './rescue.ts';

/** Deaths of workers that held one job each, named like them; what is rescued is blamed, as by Rescue. */
function mourning() {
  const blame = new BlameBook(new MemoryStateStore());
  const causes: CauseOfDeath[] = [];
  const deaths = new Deaths({
    blame,
    isIsolated: () => false,
    passed: () => Promise.resolve(),
    rescue: {
      departed: () => Promise.resolve(),
      async run(cause, gone) {
        causes.push(cause);
        const jobs = ['one', 'two'].filter(jobId => gone(`host/${jobId}`, jobId));
        for (const jobId of jobs) if (cause !== 'late') await blame.count([jobId], `host/${jobId}`);
        return jobs;
      },
    },
  });
  return { blame, causes, deaths };
}

describe('Deaths', () => {
  test('a worker that dies by itself is held against what it ran', async () => {
    const { blame, deaths } = mourning();
    await deaths.mourn('host/one', 'worker-died');
    expect(await blame.of('one')).toEqual({ crashes: 1 });
    expect(deaths.forgave('host/one')).toBe(false);
  });

  test('what it was seen to hold is blamed as well, although the stall check has handed that on', async () => {
    const { blame, deaths } = mourning();
    await deaths.mourn('host/one', 'worker-died', { seen: ['one', 'gone'] });
    expect([await blame.of('one'), await blame.of('gone')]).toEqual([{ crashes: 1 }, { crashes: 1 }]);
  });

  test('two that were ended for what they ran are two reasons, also at the same time; one ended without blame is none', async () => {
    const { blame, causes, deaths } = mourning();
    await Promise.all([
      deaths.mourn('host/one', 'worker-died', { guilty: true }),
      deaths.mourn('host/two', 'worker-died', { guilty: true }),
    ]);
    expect([await blame.of('one'), await blame.of('two')]).toEqual([{ crashes: 1 }, { crashes: 1 }]);
    await deaths.mourn('host/three', 'worker-killed');
    expect(causes.slice(-3)).toEqual(['worker-killed', 'worker-killed', 'worker-killed']);
    expect(deaths.forgave('host/three')).toBe(true);
  });

  test('workers that die together are held against nothing, also when more of theirs is found later', async () => {
    const { blame, causes, deaths } = mourning();
    await Promise.all([deaths.mourn('host/one', 'worker-died'), deaths.mourn('host/two', 'worker-died')]);
    expect([await blame.of('one'), await blame.of('two')]).toEqual([{ crashes: 0 }, { crashes: 0 }]);
    expect(['host/one', 'host/two', 'host/three'].map(worker => deaths.forgave(worker))).toEqual([true, true, false]);
    expect(causes.slice(-2)).toEqual(['late', 'late']);
  });

  test('two that ran a suspect each have not died together; one and a worker among others have', async () => {
    const { deaths } = mourning();
    deaths.remember('host/alone-1', Promise.resolve(['one']), 'alone');
    deaths.remember('host/alone-2', Promise.resolve(['two']), 'alone');
    expect(await deaths.diedTogether('host/alone-1')).toBe(false);
    deaths.remember('host/3', Promise.resolve(['three']));
    expect(await deaths.diedTogether('host/alone-1')).toBe(true);
  });
});
