import type { Engine } from '../../../engine/index.ts';
import { openState, type StateStore } from '../../../state/index.ts';
import { supervisorOf } from '../child/messages.ts';
import { hostIn } from './host-presence.ts';
import { PRESENCE } from './presence.ts';

/**
 * What somebody wants of a host or of one of its processes. `quiet`: it takes no new jobs, and what runs goes on. `stop`: it ends as at a deploy;
 * a process is replaced by its supervisor, a host by whatever started it.
 */
export interface WorkerOrder {
  readonly what: 'quiet' | 'stop';
  readonly by: string;
}

/**
 * What became of an order. `unknown`: no such host or process is alive. `deaf`: it runs an older release, which obeys nobody. `it stops`: it was told
 * to, which nobody takes back.
 */
export type OrderAnswer = 'given' | 'given already' | 'unknown' | 'deaf' | 'its host is quiet' | 'it stops';

const ORDERS = 'worker-orders';
/** Names never come back, so an order is of no use once its host is gone, and a host that was killed takes none of its own away. */
const KEPT_MS = 86_400_000;
/** Whoever is quiet stays so for as long as it lives: it renews what it was told. */
const RENEWED_MS = KEPT_MS / 2;

/** Gives an order to a host, by its name, or to one of its processes, `HOST/NUMBER`. It obeys within about two seconds. */
export async function orderWorkers(engine: Engine, name: string, order: WorkerOrder): Promise<OrderAnswer> {
  const state = await openState(engine);
  const refusal = await refusalOf(state, name);
  if (refusal !== undefined) return refusal;
  const before = (await state.list(ORDERS)).find(entry => entry.name === name);
  const known = orderIn(before?.value)?.what;
  if (known === order.what || known === 'stop') return 'given already';
  await state.set(ORDERS, name, order, KEPT_MS);
  return 'given';
}

/** Lets a quiet host and all of its processes, or one of them, take jobs again. */
export async function resumeWorkers(engine: Engine, name: string): Promise<OrderAnswer> {
  const state = await openState(engine);
  const refusal = await refusalOf(state, name);
  if (refusal !== undefined) return refusal;
  const orders = await state.list(ORDERS);
  const supervisor = supervisorOf(name);
  if (orders.some(order => [name, supervisor].includes(order.name) && orderIn(order.value)?.what === 'stop'))
    return 'it stops';
  if (supervisor !== undefined && orders.some(order => order.name === supervisor)) return 'its host is quiet';
  const quiet = orders.filter(
    order => (order.name === name || supervisorOf(order.name) === name) && orderIn(order.value)?.what === 'quiet',
  );
  const deleted = await Promise.all(quiet.map(order => state.delete(ORDERS, order.name, order.version)));
  return deleted.includes(true) ? 'given' : 'given already';
}

/** What this supervisor and its processes were told, by name. For itself alone: it says with this that it still obeys. */
export async function ordersOf(store: StateStore, supervisor: string): Promise<ReadonlyMap<string, WorkerOrder>> {
  const entries = (await store.list(ORDERS)).filter(({ name }) => isOf(name, supervisor));
  const old = entries.filter(({ leftMs }) => leftMs < RENEWED_MS);
  // Where somebody has taken it back meanwhile, that stands.
  if (old.length > 0) await store.compareAndSetMany(ORDERS, old, KEPT_MS);
  return new Map(
    entries.flatMap(({ name, value }) => {
      const order = orderIn(value);
      return order === undefined ? [] : [[name, order] as const];
    }),
  );
}

/** Its orders are of no use any more. */
export async function forgetOrders(store: StateStore, supervisor: string): Promise<void> {
  const names = (await store.list(ORDERS)).flatMap(({ name }) => (isOf(name, supervisor) ? [name] : []));
  for (const name of names) await store.delete(ORDERS, name);
}

function isOf(name: string, supervisor: string): boolean {
  return name === supervisor || supervisorOf(name) === supervisor;
}

async function refusalOf(state: StateStore, name: string): Promise<OrderAnswer | undefined> {
  const host = hostIn((await state.get(PRESENCE, supervisorOf(name) ?? name))?.value);
  if (host === undefined) return 'unknown';
  if (host.workers === undefined) return 'deaf';
  return supervisorOf(name) === undefined || host.workers.some(worker => worker.name === name) ? undefined : 'unknown';
}

function orderIn(value: unknown): WorkerOrder | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { what, by }: Partial<Record<keyof WorkerOrder, unknown>> = value;
  if ((what !== 'quiet' && what !== 'stop') || typeof by !== 'string') return undefined;
  return { what, by };
}
