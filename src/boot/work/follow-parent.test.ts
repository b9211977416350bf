import { expect, test, vi } from 'vitest';
import { Facts } from '../../facts/index.ts';
import type { Parent } from '../../runtime/index.ts';
import { followParent } from './follow-parent.ts';
import { WorkerEnding } from './worker-ending.ts';

type Said = Parameters<Parent['say']>[0];
type Heard = Parameters<Parameters<Parent['onMessage']>[0]>[0];

function setup(answer?: (what: string) => unknown) {
  const said: Said[] = [];
  let tell: ((message: Heard) => void) | undefined;
  let lose: (() => void) | undefined;
  const parent: Parent = {
    say: message => void said.push(message),
    onMessage: listener => (tell = listener),
    onLost: (_silenceMs, listener) => (lose = listener),
  };
  const ending = new WorkerEnding();
  const facts = new Facts();
  const line = followParent({ parent, name: 'host-1.1', ending, facts, answer, leave: () => undefined });
  const hurry = vi.fn<() => void>();
  const quiet = vi.fn<(on: boolean) => void>();
  const host = { hurry, quiet, figures: () => ({ running: 3, slots: 10, lagMs: 0, quiet: false }) };
  return {
    said,
    tell: (message: Heard) => tell?.(message),
    lose: () => lose?.(),
    ending,
    facts,
    line,
    hurry,
    quiet,
    host,
  };
}

test('the supervisor stops the worker with the grace that it names, and may shorten it', () => {
  const { tell, ending } = setup();
  expect(ending.graceMs(2_000)).toBe(2_000);
  tell({ kind: 'stop', graceMs: 25_000 });
  tell({ kind: 'stop', graceMs: 5_000 });
  expect(ending.signal.aborted).toBe(true);
  expect(ending).toMatchObject({ code: 0 });
  expect(ending.graceMs(2_000)).toBe(5_000);
});

test('a worker that was told to be quiet before it worked is quiet from the beginning', () => {
  const { tell, line, host, quiet } = setup();
  tell({ kind: 'quiet', on: true });
  line.leads(host);
  tell({ kind: 'quiet', on: false });
  expect(quiet.mock.calls).toEqual([[true], [false]]);
});

test('a worker whose supervisor is gone ends with code 1, in a hurry; one that has ended does not mind', () => {
  const orphan = setup();
  orphan.line.leads(orphan.host);
  orphan.lose();
  expect(orphan.ending.signal.aborted).toBe(true);
  expect(orphan.ending.code).toBe(1);
  expect(orphan.hurry).toHaveBeenCalledOnce();

  const ended = setup();
  ended.line.close();
  ended.lose();
  expect(ended.ending.signal.aborted).toBe(false);
});

test.each([
  ['what is answered', () => Promise.resolve('figures'), 'figures'],
  [
    'nothing where the answer fails',
    () => {
      throw new Error('no');
    },
    undefined,
  ],
])('the supervisor asks and gets %s', async (_case, answer, value) => {
  const { said, tell } = setup(answer);
  tell({ kind: 'ask', id: 7, what: 'metrics' });
  await vi.waitFor(() => expect(said).toContainEqual({ kind: 'answer', id: 7, value }));
});
