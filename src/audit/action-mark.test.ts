import { expect, test } from 'vitest';
import { inMemory } from '../../tests/support/memory-case.ts';
import { openEngine } from '../engine/index.ts';
import { openJournal } from '../journal/index.ts';
import { markActions } from './action-mark.ts';
import type { AuditedAction } from './audited-action.ts';

const NOW = Date.UTC(2026, 10, 29);
const action: AuditedAction = {
  user: 'ada',
  role: 'operator',
  method: 'POST',
  path: '/jobs/bulk',
  status: 202,
  outcome: 'done',
  client: '::1',
  detail: { what: 'cancel all that match', on: 'tag user (x), queue email', matched: 900 },
};

test('what people did is a mark of its queue; what they asked, or were refused, is none', async () => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  const store = await openJournal(engine);
  const mark = markActions({ journal: () => openJournal(engine), now: () => NOW });
  const id = 'email-0mwtkts1d0000raf4nk6-abcdefghij';
  const actions: readonly AuditedAction[] = [
    { ...action, outcome: 'dry run' },
    { ...action, outcome: 'refused' },
    { ...action, detail: undefined },
    action,
    { ...action, detail: { what: 'replay a job', on: id } },
  ];
  for (const each of actions) await mark(each);
  const marks = await store.marks({ from: NOW - 1, to: NOW + 1 }, 10);
  expect(marks.toSorted((a, b) => (a.text < b.text ? -1 : 1))).toEqual([
    {
      kind: 'action',
      at: NOW,
      text: 'ada: cancel all that match (tag user (x), queue email), 900 of 900',
      queue: 'email',
      part: undefined,
      by: 'ada',
    },
    { kind: 'action', at: NOW, text: `ada: replay a job (${id})`, queue: 'email', part: `id/${id}`, by: 'ada' },
  ]);
  const away = markActions({ journal: () => Promise.reject(new Error('away')), now: () => NOW });
  await expect(away(action)).resolves.toBeUndefined();
});
