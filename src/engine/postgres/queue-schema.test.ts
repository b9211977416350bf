import { expect, test } from 'vitest';
import { schemaParts } from './queue-schema.ts';

test('a migration keeps its number, which databases have on record: new ones come behind', () => {
  const names = schemaParts('any').map(({ part, migrations }) => [part, migrations.map(({ name }) => name)]);
  expect(Object.fromEntries(names)).toEqual({
    batches: ['batches and their members'],
    queues: [
      'shared state, lines of rate limits',
      'causes of dead letters',
      'what a turn answered',
      'keys',
      'results',
      'steps',
      'groups',
      'tags',
      'expiry of held jobs',
      'starts of groups, counted',
      'schedules that are made at run time',
      'owners of groups',
      'turns of groups',
      'numbers of groups',
      'groups whose turn it may be',
      'steps of groups',
    ],
  });
});
