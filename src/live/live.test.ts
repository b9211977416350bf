import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test, vi } from 'vitest';
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
const streamOf = (body: ReadableStream): Response =>
  new Response(body, { headers: { 'content-type': 'text/event-stream' } });
/** Answers one after the other, in parts as they may come; keeps what it was asked with. */
function answers(...given: readonly (Response | readonly string[])[]) {
  const asked: (string | undefined)[] = [];
  const left = [...given];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    asked.push(new Headers(init?.headers).get('last-event-id') ?? undefined);
    const next = left.shift() ?? new Response('', { status: 404 });
    if (next instanceof Response) return next;
    return streamOf(ReadableStream.from(next.map(part => Buffer.from(part))));
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

test('a page that a sign-in sends in place of the stream is a refusal, not a stream that ends again and again', async () => {
  const { fetch, asked } = answers(new Response('<form>', { headers: { 'content-type': 'text/html; charset=utf-8' } }));
  const ended = Promise.withResolvers<readonly unknown[]>();
  watchJobs('/live', { fetch, onJob: () => undefined, onEnd: (...why) => ended.resolve(why) });
  expect(await ended.promise).toEqual(['refused', 200]);
  expect(asked).toHaveLength(1);
});

test('a connection is left once nothing comes of it any more: its end, an event that cannot be read, and a network that has gone silently', async () => {
  vi.useFakeTimers();
  try {
    const signals: AbortSignal[] = [];
    const broken = [
      event('1', job('waiting')) + 'event: job\ndata: {\n\n',
      undefined,
      event('', { reason: 'over' }, 'end'),
    ];
    const fetch: typeof globalThis.fetch = async (_, init) => {
      if (init?.signal) signals.push(init.signal);
      const text = broken.shift();
      const body = new ReadableStream({
        start(stream) {
          if (text !== undefined) stream.enqueue(Buffer.from(text));
          init?.signal?.addEventListener('abort', () => stream.error(new Error('left')));
        },
      });
      return streamOf(body);
    };
    const ended: string[] = [];
    watchJobs('/live', { fetch, onJob: () => undefined, onEnd: reason => ended.push(reason) });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(50_000);
    expect(signals).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    expect(ended).toEqual(['over']);
  } finally {
    vi.useRealTimers();
  }
});

test('what a page throws for one job is its own fault, thrown where its others are, and the next jobs come all the same', async () => {
  vi.useFakeTimers();
  try {
    const { fetch, asked } = answers([
      event('1', job('waiting')) + event('2', job('running')) + event('', { reason: 'over' }, 'end'),
    ]);
    const seen: string[] = [];
    const ended = Promise.withResolvers<string>();
    watchJobs('/live', {
      fetch,
      onJob: ({ state }) => {
        seen.push(state);
        if (state === 'waiting') throw new Error('of the page');
      },
      onEnd: ended.resolve,
    });
    expect(await ended.promise).toBe('over');
    expect([seen, asked.length]).toEqual([['waiting', 'running'], 1]);
    expect(() => vi.runAllTimers()).toThrow('of the page');
  } finally {
    vi.useRealTimers();
  }
});

test('what was seen at one address is never shown under another', () => {
  const seen: JobsSeen = { jobs: [job('dead')], ended: 'over' };
  let state: unknown;
  const useJobs = createUseJobs({
    useState: initial => {
      state ??= { ...initial, ...seen };
      return [state as typeof initial, () => undefined];
    },
    useEffect: () => undefined,
  });
  expect(useJobs('/live/a')).toMatchObject(seen);
  expect(useJobs('/live/b')).toMatchObject({ jobs: [], ended: undefined });
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
