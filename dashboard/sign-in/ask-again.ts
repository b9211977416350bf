import type { Request } from 'express';
import { readCookie } from '../http/cookies.ts';
import { AskedTogether } from './asked-together.ts';
import { viewerByWord, type Authenticate } from './authenticate.ts';
import type { Sessions, Viewer } from './sessions.ts';

/** Asks whether whoever made a request is still let in, for what outlasts it. */
export type AskAgain = (request: Request) => {
  /** Rejects while the engine is away. */
  readonly ask: () => Promise<Viewer | undefined>;
  /** To be called when nobody will ask any more. */
  readonly leave: () => void;
  /** What it asks about says less and less then: the request itself has to come again. Never where it is left out. */
  readonly goodForMs?: number;
};

/**
 * Who was let in by what a request carries (a proxy's header, a token that is kept nowhere) is asked about with the same words: nobody hears
 * from them that a session has ended elsewhere. The next request tells.
 */
const WORD_GOOD_FOR_MS = 30_000;

/** @param everyMs how often each asks */
export function askSessionAgain(sessions: Sessions, cookie: string, everyMs: number): AskAgain {
  const together = new AskedTogether(sessions, everyMs);
  return request => {
    const id = readCookie(request, cookie) ?? '';
    return { ask: () => together.ask(id), leave: together.enter(id) };
  };
}

export function askWordAgain(
  authenticate: Authenticate,
  report: (error: unknown) => void,
  goodForMs = WORD_GOOD_FOR_MS,
): AskAgain {
  const leave = (): void => undefined;
  return request => ({ ask: () => viewerByWord(authenticate, request, report), leave, goodForMs });
}

/** Who was let in by where they are stays there. */
export function askNobodyAgain(viewerOf: (request: Request) => Viewer | undefined): AskAgain {
  return request => ({ ask: async () => viewerOf(request), leave: () => undefined });
}
