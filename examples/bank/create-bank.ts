import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import type { Pool } from 'pg';
import {
  ConcurrencyError,
  ProjectionBehindError,
  SubjectErasedError,
  type Projections,
} from '../../src/event-store/index.ts';
import { notFound, Problem, problems } from '../shop/problems.ts';
import { requestContext } from '../shop/request-context.ts';
import type { Bank } from './bank.ts';
import { BankQueries } from './queries.ts';
import { commandRoutes } from './routes/commands.ts';
import { queryRoutes } from './routes/queries.ts';
import { RuleBroken } from './rule-broken.ts';

export interface BankParts {
  readonly bank: Bank;
  readonly projections: Projections;
  readonly pool: Pool;
  /** Called with each error that no caller can mend. */
  readonly onError: (error: unknown) => void;
}

/** Commands on one side, questions on the other; between them the projections. */
export function createBank({ bank, projections, pool, onError }: BankParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          objectSrc: ["'none'"],
        },
      },
      // The bank of the first minutes is served over http on this machine.
      strictTransportSecurity: false,
    }),
  );
  app.use(requestContext(undefined));
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.use(express.static(fileURLToPath(new URL('page', import.meta.url)), { index: 'index.html', maxAge: 0 }));
  // Bodies are JSON and nothing else: a form on a foreign page cannot send that without being asked.
  app.use(express.json({ limit: '64kb', strict: true, type: 'application/json', reviver: unrounded }));
  app.use(commandRoutes(bank, pool));
  app.use(queryRoutes(new BankQueries(pool, projections), projections));
  app.use(notFound);
  app.use(inTheBanksWords);
  app.use(problems(onError));
  return app;
}

/** `1.00000000000000000001` would be read as 1, and a fraction of money would have been taken for a whole. */
function unrounded(_: string, value: unknown, written?: { readonly source?: string }): unknown {
  const isRounded =
    Number.isInteger(value) && /\.\d*[1-9]/.test(written?.source ?? '') && !/e/i.test(written?.source ?? '');
  return isRounded ? Number.NaN : value;
}

const inTheBanksWords: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof RuleBroken) {
    next(new Problem(error.rule === 'unknown' ? 404 : 409, error.message));
  } else if (error instanceof ConcurrencyError) {
    next(new Problem(409, 'Others were faster too many times; try again.'));
  } else if (error instanceof SubjectErasedError) {
    next(new Problem(409, 'The owner was erased.'));
  } else if (error instanceof ProjectionBehindError) {
    response.set('retry-after', '1');
    next(new Problem(503, 'The read model has not come that far; try again.'));
  } else next(error);
};
