import type { AnyJobContract } from '../../contracts/index.ts';
import { codeOf } from '../../errors/index.ts';
import { placeOf, type JobView } from '../../queue/index.ts';
import { notFound } from '../exchange/request-refused-error.ts';
import type { ScopeKind } from '../tokens/scopes.ts';
import { contractFor, type RouteContext } from './route-context.ts';

/** A job that a token may reach, and its contract. */
export interface ReachedJob {
  readonly view: JobView;
  readonly contract: AnyJobContract;
}

/**
 * The job in the address. One of a contract that this token has no scope for is answered as one that does not exist; where it has none for any
 * contract of the queue, nobody is even asked.
 * @throws RequestRefusedError 404
 */
export async function reachJob(context: RouteContext, kind: ScopeKind): Promise<ReachedJob> {
  const { app, client, word: id } = context;
  const queue = placeOf(id)?.queue;
  const isOpen = [...app.jobs.values()].some(
    contract => contract.queue === queue && contractFor(context, kind, contract.name) !== undefined,
  );
  if (!isOpen) throw notFound();
  const view = await client.job(id).catch((error: unknown) => {
    // Nobody can say whose it is.
    if (codeOf(error) === 'JOB_UNDECODABLE') return undefined;
    throw error;
  });
  const contract = view && contractFor(context, kind, view.name);
  if (view === undefined || contract?.queue !== view.queue) throw notFound();
  return { view, contract };
}
