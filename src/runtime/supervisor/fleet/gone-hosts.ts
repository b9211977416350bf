import type { StateStore } from '../../../state/index.ts';
import { hostIn, type HostPresence } from './host-presence.ts';

/** A supervisor that was there in the last day and is there no more. Times are the engine's, milliseconds since 1970. */
export interface GoneHost extends HostPresence {
  readonly name: string;
  /** `left`: it has said goodbye, as at a deploy. `lost`: it has not. */
  readonly how: 'left' | 'lost';
  readonly goneAt: number;
}

/** Beside the presence of each host, which lapses with it: what is remembered of it. */
const HOSTS = 'hosts';
const KEPT_MS = 86_400_000;
/**
 * An engine that was frozen has let every presence lapse; those who are there renew theirs every 2 s. So nobody is lost before two looks that
 * are so far apart have both found it missing.
 */
export const CERTAIN_MS = 4_000;

interface HostRecord extends HostPresence {
  readonly leftAt?: number;
  readonly missingSince?: number;
}

export async function rememberHost(store: StateStore, name: string, about: HostPresence): Promise<void> {
  await store.set(HOSTS, name, about, KEPT_MS);
}

export async function rememberLeaving(
  store: StateStore,
  name: string,
  about: HostPresence,
  now: number,
): Promise<void> {
  await store.set(HOSTS, name, { ...about, leftAt: now } satisfies HostRecord, KEPT_MS);
}

/** Who is gone, the latest first, given who is present. Whoever looks notes who is missing, so that all who look agree since when. */
export async function readGone(
  store: StateStore,
  present: ReadonlySet<string>,
  now: number,
): Promise<readonly GoneHost[]> {
  const gone: GoneHost[] = [];
  for (const { name, value, version } of await store.list(HOSTS)) {
    const record = recordIn(value);
    if (record === undefined) continue;
    const { leftAt, missingSince, ...about } = record;
    if (leftAt !== undefined) {
      if (!present.has(name)) gone.push({ name, ...about, how: 'left', goneAt: leftAt });
      continue;
    }
    if (present.has(name)) {
      if (missingSince !== undefined) await store.compareAndSet(HOSTS, name, version, about, KEPT_MS);
      continue;
    }
    if (missingSince === undefined) {
      await store.compareAndSet(HOSTS, name, version, { ...about, missingSince: now } satisfies HostRecord, KEPT_MS);
      continue;
    }
    if (now - missingSince >= CERTAIN_MS) gone.push({ name, ...about, how: 'lost', goneAt: missingSince });
  }
  return gone.toSorted((a, b) => b.goneAt - a.goneAt);
}

/** What a supervisor of perhaps another release has written. */
function recordIn(value: unknown): HostRecord | undefined {
  const about = hostIn(value);
  if (about === undefined || typeof value !== 'object' || value === null) return undefined;
  const { leftAt, missingSince }: Partial<Record<keyof HostRecord, unknown>> = value;
  return {
    ...about,
    ...(typeof leftAt === 'number' && { leftAt }),
    ...(typeof missingSince === 'number' && { missingSince }),
  };
}
