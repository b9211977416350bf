import { Router, type Request } from 'express';
import type { Projections } from '../../../src/event-store/index.ts';
import { Problem } from '../../shop/problems.ts';
import type { BankQueries } from '../queries.ts';
import { numberIn, pathId } from './fields.ts';

/** What only reads. `?atLeast=` waits until the read model shows what a POST has answered as its position. */
export function queryRoutes(queries: BankQueries, projections: Projections): Router {
  const caughtUp = async (request: Request, projection: string): Promise<void> => {
    const position = numberIn(request, 'atLeast', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
    if (position > 0) await projections.waitFor(projection, position, '5s');
  };
  const there = <Thing>(thing: Thing | undefined, what: string): Thing => {
    if (thing === undefined) throw new Problem(404, `There is no such ${what}.`);
    return thing;
  };
  return Router()
    .get('/accounts/:id', async (request, response) => {
      await caughtUp(request, 'accounts');
      response.json(there(await queries.account(pathId(request)), 'account'));
    })
    .get('/accounts/:id/transactions', async (request, response) => {
      const limit = numberIn(request, 'limit', { min: 1, max: 1_000, fallback: 50 });
      const offset = numberIn(request, 'offset', { min: 0, max: 1_000_000_000, fallback: 0 });
      await caughtUp(request, 'accounts');
      there(await queries.account(pathId(request)), 'account');
      response.json({ transactions: await queries.transactions(pathId(request), limit, offset) });
    })
    .get('/owners/:id/accounts', async (request, response) => {
      await caughtUp(request, 'accounts');
      response.json({ accounts: await queries.accountsOf(pathId(request)) });
    })
    .get('/owners/:id/summary', async (request, response) => {
      await caughtUp(request, 'owners');
      response.json(await queries.summary(pathId(request)));
    })
    .get('/transfers/:id', async (request, response) => {
      await caughtUp(request, 'transfers');
      response.json(there(await queries.transfer(pathId(request)), 'transfer'));
    });
}
