import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { JournalStore } from '../../src/journal/index.ts';
import { readScaling, type AppScaling } from '../../src/standing/index.ts';
import { wantsPage } from '../http/answers.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { showsToken } from '../sign-in/shows-token.ts';
import { scalingPage } from './scaling-page.ts';

export interface ScalingRouteOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly journal: () => Promise<JournalStore>;
  /** What an autoscaler shows instead of signing in. */
  readonly token: string | undefined;
}

export interface ScalingRoute {
  /** For programs: JSON; passes on to the next handler whoever does not show the token. To stand before the sign-in. */
  readonly forPrograms: RequestHandler;
  /** A page, or JSON for who asks for it. */
  readonly forPeople: (viewerOf: (request: Request) => Viewer) => RequestHandler;
  /** What it answers, for others who show it. */
  readonly read: () => Promise<AppScaling>;
}

/** Whoever asks within so long gets the same answer: an autoscaler asks again and again, and every open page does. */
const FRESH_MS = 5_000;

/** `/scaling`: how many processes each queue needs, and why. */
export function scalingRoute({ base, app, engine, journal, token }: ScalingRouteOptions): ScalingRoute {
  let last: { readonly at: number; readonly read: Promise<AppScaling> } | undefined;
  const read = (): Promise<AppScaling> => {
    if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.read;
    const reading = journal().then(store => readScaling(app, engine, store));
    last = { at: performance.now(), read: reading };
    // Who asks after an outage must not get its error.
    reading.catch(() => (last = undefined));
    return reading;
  };
  const give = async (response: Response): Promise<void> => {
    response.setHeader('Cache-Control', 'no-store');
    response.json(await read());
  };
  return {
    read,
    forPrograms: Router().get('/scaling', (request, response, next) =>
      showsToken(request, token) ? give(response) : next(),
    ),
    forPeople: viewerOf => async (request, response) => {
      if (!wantsPage(request)) return give(response);
      response.type('html').send(scalingPage({ base, viewer: viewerOf(request), scaling: await read() }));
    },
  };
}
