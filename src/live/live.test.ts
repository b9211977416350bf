import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { createUseJobs, type JobsSeen } from './react.ts';
import { watchJobs, type LiveJob } from './watch-jobs.ts';

async function bundled(file: string) {
  const input = fileURLToPath(new URL(file, import.meta.url));
  const bundle = await rolldown({ input, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  return output[0];
}

const job = (state: LiveJob['state'], id = 'a'): LiveJob => ({ id, name: 'n', state });
const event = (id: string, data: unknown, name = 'job'): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
/** Answers one after the other, in parts as they may come; keeps what it was asked with. */
function answers(...given: readonly (Response | readonly string[])[]) {
  const asked: (string | undefined)[] = [];
  const left = [...given];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    asked.push(new Headers(init?.headers).get('last-event-id') ?? undefined);
    const next = left.shift() ?? new Response('', { status: 404 });
    return next instanceof Response ? next : new Response(ReadableStream.from(next.map(part => Buffer.from(part))));
  };
  return { fetch, asked };
}

test('a page loads less than 2 KB for it, compressed, and nothing else: no package, nothing of Node', async () => {
  for (const file of ['./index.ts', './react.ts']) {
    const { code, imports } = await bundled(file);
    expect(imports).toEqual([]);
    expect(gzipSync(code).length).toBeLessThan(2_048);
  }
});

test('a connection that is lost is made again from what was seen, whatever parts an event comes in, until the job is over', async () => {
  const whole = event('2', job('running')) + event('', { reason: 'time' }, 'end');
  const { fetch, asked } = answers(
    ['retry: 2000\n\n:\n\n', event('1', job('waiting'))],
    [...whole],
    [event('3', job('succeeded')), event('', { reason: 'over' }, 'end')],
  );
  const seen: string[] = [];
  const ended = Promise.withResolvers<string>();
  watchJobs('/live', { fetch, onJob: ({ state }) => seen.push(state), onEnd: ended.resolve });
  expect(await ended.promise).toBe('over');
  expect(seen).toEqual(['waiting', 'running', 'succeeded']);
  expect(asked).toEqual([undefined, '1', '2']);
});

test('a text in a job may hold whatever separates lines elsewhere', async () => {
  const given = { ...job('succeeded'), data: { note: 'one\u2028id: 9\u2029event: end\r\ntwo' } };
  const { fetch, asked } = answers([event('1', given)], [event('', { reason: 'over' }, 'end')]);
  const seen: LiveJob[] = [];
  const ended = Promise.withResolvers<string>();
  watchJobs('/live', { fetch, onJob: each => seen.push(each), onEnd: ended.resolve });
  expect(await ended.promise).toBe('over');
  expect(seen).toEqual([given]);
  expect(asked).toEqual([undefined, '1']);
});

test('a page that has stopped is told nothing any more, also of what came in that moment', async () => {
  const { fetch } = answers([event('1', job('waiting')) + event('2', job('running')), event('3', job('dead'))]);
  const seen: string[] = [];
  const ended = Promise.withResolvers<string>();
  const watched = watchJobs('/live', {
    fetch,
    onJob: ({ state }) => {
      seen.push(state);
      watched.stop();
    },
    onEnd: ended.resolve,
  });
  expect(await ended.promise).toBe('stopped');
  expect(seen).toEqual(['waiting']);
});

test('what the server refuses is not asked again, what it cannot do now is', async () => {
  const { fetch, asked } = answers(new Response('', { status: 503 }), new Response('', { status: 401 }));
  const ended = Promise.withResolvers<readonly unknown[]>();
  watchJobs('/live', { fetch, onJob: () => undefined, onEnd: (...why) => ended.resolve(why) });
  expect(await ended.promise).toEqual(['refused', 401]);
  expect(asked).toHaveLength(2);
});

test('the hook shows jobs in the order in which they came, each as it is now, and stops with its component', async () => {
  const states: JobsSeen[] = [];
  const cleanups: (void | (() => void))[] = [];
  const useJobs = createUseJobs({
    useState: initial => {
      let state = initial;
      return [
        state,
        next => {
          // A state that is a function is none of ours.
          state = typeof next === 'function' ? (next as (before: typeof state) => typeof state)(state) : next;
          states.push(state as JobsSeen);
        },
      ];
    },
    useEffect: effect => cleanups.push(effect()),
  });
  const real = globalThis.fetch;
  try {
    const { fetch } = answers([
      event('1', job('running', 'a')) + event('2', job('waiting', 'b')) + event('3', job('dead', 'a')),
      event('', { reason: 'not-allowed' }, 'end'),
    ]);
    globalThis.fetch = fetch;
    useJobs('/live');
    await expect.poll(() => states.at(-1)?.ended).toBe('not-allowed');
  } finally {
    globalThis.fetch = real;
    for (const cleanup of cleanups) cleanup?.();
  }
  expect(states.at(-1)?.jobs).toEqual([job('dead', 'a'), job('waiting', 'b')]);
});
