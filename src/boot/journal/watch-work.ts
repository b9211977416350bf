import type { Engine } from '../../engine/index.ts';
import { MINUTE, type Mark } from '../../journal/index.ts';
import { readPauses, readQueueFigures, unfinishedIn, type Pause } from '../../queue/index.ts';
import { readFleet } from '../../runtime/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import type { KeptJournal } from './keep-journal.ts';

const EVERY_MS = 15_000;
/** A look that is so young is enough for all hosts. */
const FRESH_MS = 12_000;
const KEPT_MS = 14 * 86_400_000;
/** A release that was not heard of for so long is deployed anew when it comes back. */
const RELEASE_KEPT_MS = 600_000;
const JOURNAL = 'journal';
const RELEASES = 'releases';

export interface WatchWorkOptions {
  readonly engine: Engine;
  readonly queues: readonly string[];
  readonly journal: KeptJournal;
}

/**
 * What no process says of itself, looked at now and then and written into the journal: how much each queue holds at each minute, which hosts were lost, which
 * work was paused and resumed, which releases have come. Every host looks; what one has written the others do not write again. Answers what ends it.
 */
export function watchWork(options: WatchWorkOptions): () => void {
  const look = (): void => void lookOnce(options).catch(() => undefined);
  look();
  const timer = setInterval(look, EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** One look. Rejects when the engine does not answer. */
export async function lookOnce({ engine, queues, journal }: WatchWorkOptions): Promise<void> {
  const store = await openState(engine);
  await noteRelease(store, engine.clock.now(), journal);
  const last = await store.get(JOURNAL, 'watch');
  const now = Math.floor(engine.clock.now());
  const before = watchedIn(last?.value);
  if (now - before.at < FRESH_MS && now >= before.at) return;
  const pauses = (await readPauses(engine, queues)).filter(({ kind }) => kind === 'person');
  const names = pauses.map(nameOf);
  const isMine = await store.compareAndSet(JOURNAL, 'watch', last?.version ?? 0, { at: now, paused: names }, KEPT_MS);
  if (isMine === undefined) return;
  for (const pause of pauses) if (!before.paused.includes(nameOf(pause))) journal.writer.mark(pausedMark(pause, now));
  for (const name of before.paused) if (!names.includes(name)) journal.writer.mark(resumedMark(name, now));
  for (const { name, how, goneAt } of (await readFleet(engine)).gone)
    if (how === 'lost') journal.writer.mark({ kind: 'host-lost', at: goneAt, text: `The host ${name} was lost.` });
  const at = Math.floor(now / MINUTE) * MINUTE;
  for (const figures of await readQueueFigures(engine, queues)) {
    const { name: queue, waiting, held, oldestDueMs } = figures;
    journal.writer.depth({ at, queue, unfinished: unfinishedIn(figures), waiting, held, oldestDueMs });
  }
}

async function noteRelease(store: StateStore, now: number, { release, writer }: KeptJournal): Promise<void> {
  if (release === undefined) return;
  if ((await store.get(RELEASES, release)) === undefined) {
    const isMine = await store.compareAndSet(RELEASES, release, 0, {}, RELEASE_KEPT_MS);
    if (isMine !== undefined) writer.mark({ kind: 'deploy', at: Math.floor(now), text: `Release ${release}` });
  } else await store.set(RELEASES, release, {}, RELEASE_KEPT_MS);
}

/** `QUEUE PART` */
function nameOf({ of: { queue, contract, group } }: Pause): string {
  return `${queue} ${contract ?? group ?? ''}`;
}

function pausedMark({ of: { queue, contract, group }, by, reason, since }: Pause, now: number): Mark {
  const part = contract ?? group;
  const text = `${part ?? queue} was paused${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}.`;
  return { kind: 'paused', at: since ?? now, text, queue, part, by };
}

function resumedMark(name: string, at: number): Mark {
  const [queue = '', part = ''] = name.split(' ');
  return { kind: 'resumed', at, text: `${part || queue} was resumed.`, queue, part: part || undefined };
}

/** What another release may have written. */
function watchedIn(value: unknown): { readonly at: number; readonly paused: readonly string[] } {
  const { at, paused }: { readonly at?: unknown; readonly paused?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  return { at: typeof at === 'number' ? at : 0, paused: Array.isArray(paused) ? paused.map(String) : [] };
}
