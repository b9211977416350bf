import { expect, test } from 'vitest';
import { checkNamespace } from '../../config/index.ts';
import { prefixOf, schemaOf } from './namespace.ts';

test("without a namespace BullMQ's own names are used, and an empty one counts as none", () => {
  for (const namespace of [undefined, '']) {
    expect(prefixOf(checkNamespace(namespace))).toBe('bull');
    expect(schemaOf(checkNamespace(namespace))).toBe('bullmq');
  }
});

test('namespaces that differ never share a schema', () => {
  const namespaces = ['a-b', 'a_b', 'ab', 'A-b', 'a--b', 'a-_b', 'a_-b'];
  const schemas = new Set(namespaces.map(namespace => schemaOf(checkNamespace(namespace))));
  expect(schemas.size).toBe(namespaces.length);
});

test('the longest namespace still gives a schema that PostgreSQL does not cut', () => {
  expect(schemaOf(checkNamespace('x'.repeat(40))).length).toBeLessThanOrEqual(63);
});
