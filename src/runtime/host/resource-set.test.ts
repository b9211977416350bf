import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { Environment } from '../../config/index.ts';
import { defineJob, defineResource, handle, type Needs, type Resource } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { ResourceSet } from './resource-set.ts';

const job = defineJob({ queue: 'things', name: 'thing', schema: z.object({}) });

describe('ResourceSet', () => {
  const closed: string[] = [];
  const closing = (name: string, fails = false): Resource<string> =>
    defineResource({
      name,
      configure: () => undefined,
      open: () => name,
      close: () => {
        closed.push(name);
        if (fails) throw new Error(`the ${name} did not close`);
      },
    });
  const broken = defineResource({
    name: 'broken',
    configure: () => undefined,
    open: (): string => {
      throw new Error('the real reason');
    },
  });
  const opening = async (needs: Needs): Promise<ResourceSet> => {
    closed.length = 0;
    const handlers = [handle(job, needs, () => undefined)];
    const resources = new ResourceSet(new Facts());
    resources.configure(new Environment({}), handlers);
    await resources.open(handlers);
    return resources;
  };

  test('one that does not close leaves none open, and the first failure is told', async () => {
    const resources = await opening({
      pool: closing('pool', true),
      feed: closing('feed'),
      mailer: closing('mailer', true),
    });
    await expect(resources.close()).rejects.toThrow('the mailer did not close');
    expect(closed).toEqual(['mailer', 'feed', 'pool']);
  });

  test('why one could not be opened is told, also where another does not close', async () => {
    const needs = { pool: closing('pool'), mailer: closing('mailer', true), broken };
    await expect(opening(needs)).rejects.toThrow('the real reason');
    expect(closed).toEqual(['mailer', 'pool']);
  });

  test('one that never closes is left after its time, and those behind it are closed', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const stuck = defineResource({
      name: 'stuck',
      configure: () => undefined,
      open: () => 'stuck',
      close: () => new Promise<void>(() => undefined),
    });
    const set = await opening({ pool: closing('pool'), stuck });
    const ended = set.close().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await ended).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(closed).toEqual(['pool']);
  });

  test('one that never opens refuses the start by name', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const stuck = defineResource({
      name: 'stuck',
      configure: () => undefined,
      open: () => new Promise<string>(() => undefined),
    });
    const ended = opening({ stuck }).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await ended).toMatchObject({ message: expect.stringContaining('"stuck"') });
  });
});
