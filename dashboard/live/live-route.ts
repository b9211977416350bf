import type { Request, RequestHandler } from 'express';
import { OpenStreams, RequestRefusedError, USUAL_STREAMS, type StillAllowed } from '../../src/http/index.ts';
import { rangeIn } from '../history/history-view.ts';
import { answer } from '../http/answers.ts';
import type { AskAgain } from '../sign-in/ask-again.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import type { LiveOverview } from './live-overview.ts';
import type { LivePace } from './live-pace.ts';

export interface LiveRouteOptions {
  readonly live: Pick<LiveOverview, 'follow'>;
  readonly streams: OpenStreams;
  readonly viewerOf: (request: Request) => Viewer;
  readonly askAgain: AskAgain;
}

/** Of one person in this process: hidden tabs follow nothing, and who has more that are seen gets pages that ask by themselves. */
const PER_PERSON = 20;

export function liveStreams({ askAgainMs }: Pick<LivePace, 'askAgainMs'>): OpenStreams {
  return new OpenStreams({ ...USUAL_STREAMS, perCaller: PER_PERSON, inAll: 1_000, askAgainMs });
}

/** `/live`: the main part of the overview as server-sent events, for as long as whoever opened it may see it. */
export function liveRoute({ live, streams, viewerOf, askAgain }: LiveRouteOptions): RequestHandler {
  return async (request, response) => {
    const viewer = viewerOf(request);
    const range = rangeIn(request.query['range']);
    const asking = askAgain(request);
    const isStillAllowed = async (): Promise<StillAllowed> => {
      const now = await asking.ask();
      return now?.name === viewer.name && now.role === viewer.role ? 'yes' : 'no';
    };
    const feed: Parameters<OpenStreams['open']>[0]['feed'] = stream =>
      live.follow(stream, { range, role: viewer.role });
    try {
      const { goodForMs: endAfterMs } = asking;
      await streams.open({ response, caller: viewer.name, isStillAllowed, feed, endAfterMs });
    } catch (error) {
      if (!(error instanceof RequestRefusedError)) throw error;
      response.set(error.headers);
      answer(request, response, { status: error.status, title: 'Too many pages are open', message: error.message });
    } finally {
      asking.leave();
    }
  };
}
