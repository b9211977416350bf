import { describe, expect, test } from 'vitest';
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
});
