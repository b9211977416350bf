import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Ask, Asked, Start } from './asks.ts';
import type { AddOptions, JobData, Subject, SubjectModule } from './subject.ts';

/** A process that holds one subject and does what the benchmark asks: `node program.ts MODULE URL`. So each pays for itself. */
const [, , modulePath = '', url = ''] = process.argv;
const { open } = (await import(modulePath)) as SubjectModule;
const subject: Subject = await open(url);

const AT_ONCE = 1_000;
let waitMs = 0;
let handled = 0;
let starts: Start[] = [];
let ends: number[] = [];
let recording = false;
let waiting: { readonly jobs: number; readonly resolve: () => void } | undefined;
let stop: (() => Promise<unknown>) | undefined;

const now = (): number => performance.timeOrigin + performance.now();
const indexOf = ({ userId }: JobData): number => Number(userId.slice(5));

function dataOf(index: number, bytes: number, at = 0): JobData {
  const text = bytes === 0 ? '' : 'x'.repeat(bytes);
  return { userId: `user-${index}`, email: `person.${index}@example.com`, name: 'Ada Lovelace', at, text };
}

function count(): void {
  handled += 1;
  if (waiting !== undefined && handled >= waiting.jobs) waiting.resolve();
}

async function wait(data: JobData): Promise<void> {
  await pause(waitMs);
  if (recording) ends.push(indexOf(data));
  count();
}

function handle(data: JobData): Promise<void> | undefined {
  if (recording) starts.push({ index: indexOf(data), at: data.at, begunAt: now() });
  if (waitMs > 0) return wait(data);
  if (recording) ends.push(indexOf(data));
  count();
  return undefined;
}

async function add({ how, jobs, bytes, from }: Extract<Ask, { ask: 'add' }>): Promise<void> {
  const options = (index: number): AddOptions =>
    how === 'delayed' ? { delayMs: 600_000 + index } : how === 'keyed' ? { key: `key-${index}` } : {};
  if (how === 'one by one') {
    for (let index = from; index < from + jobs; index += 1) await subject.add(dataOf(index, bytes), {});
    return;
  }
  for (let at = from; at < from + jobs; at += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, from + jobs - at) }, (_, nth) => at + nth);
    if (how === 'bulk') await subject.addMany(indexes.map(index => dataOf(index, bytes)));
    else await Promise.all(indexes.map(index => subject.add(dataOf(index, bytes), options(index))));
  }
}

/** Evenly, whatever the answers take. */
async function pace({ jobs, perSecond, delayMs }: Extract<Ask, { ask: 'pace' }>): Promise<void> {
  const adds: Promise<unknown>[] = [];
  const begun = performance.now();
  while (adds.length < jobs) {
    const due = Math.min(jobs, Math.ceil(((performance.now() - begun) * perSecond) / 1_000));
    while (adds.length < due) {
      const at = now();
      adds.push(
        delayMs === 0
          ? subject.add(dataOf(adds.length, 0, at), {})
          : subject.add(dataOf(adds.length, 0, at + delayMs), { delayMs }),
      );
    }
    await pause(1);
  }
  await Promise.all(adds);
}

async function answer(ask: Ask): Promise<unknown> {
  switch (ask.ask) {
    case 'clear':
      await subject.clear();
      globalThis.gc?.();
      return undefined;
    case 'add': {
      const before = process.cpuUsage();
      const begun = performance.now();
      await add(ask);
      const ms = performance.now() - begun;
      const { user, system } = process.cpuUsage(before);
      return { ms, nodeUs: user + system };
    }
    case 'pace':
      return pace(ask);
    case 'work':
      handled = 0;
      starts = [];
      ends = [];
      ({ waitMs, recording } = ask);
      stop = await subject.work({ concurrency: ask.concurrency, queues: ask.queues, history: ask.history, handle });
      return undefined;
    case 'ran': {
      const { jobs } = ask;
      if (handled < jobs) await new Promise<void>(resolve => (waiting = { jobs, resolve }));
      waiting = undefined;
      const { user, system } = process.cpuUsage();
      return { handled, atMs: now(), nodeUs: user + system };
    }
    case 'starts':
      return starts;
    case 'ends':
      return ends;
    case 'stop':
      await stop?.();
      stop = undefined;
      return undefined;
    case 'close':
      await stop?.();
      await subject.close();
      return undefined;
  }
}

async function obey({ id, ask }: Asked): Promise<void> {
  const said: Answer = await answer(ask).then(
    value => ({ id, value }),
    (error: unknown) => ({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  process.send?.(said, () => {
    if (ask.ask === 'close') process.exit();
  });
}

process.on('message', (asked: Asked) => void obey(asked));
// A run that failed, or was ended, leaves no programs behind: they would cost whoever measures next.
process.once('disconnect', () => process.exit());
process.send?.({ id: 0, value: undefined } satisfies Answer);
