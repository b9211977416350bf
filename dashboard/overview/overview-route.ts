import type { Request, RequestHandler } from 'express';
import { rangeIn } from '../history/history-view.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { overviewPage, type OverviewAbout } from './overview-page.ts';
import type { OverviewReader } from './overview-reader.ts';

export interface OverviewRouteOptions {
  readonly about: OverviewAbout;
  readonly reader: OverviewReader;
  readonly viewerOf: (request: Request) => Viewer;
}

/** The overview answers also while the engine is away: it says so, and when that is all it knows. */
export function overviewRoute({ about, reader, viewerOf }: OverviewRouteOptions): RequestHandler {
  return async (request, response) => {
    const range = rangeIn(request.query['range']);
    const reading = await reader.read(range);
    response.type('html').send(overviewPage({ ...about, ...reading, range, viewer: viewerOf(request) }));
  };
}
