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
};

export function askSessionAgain(sessions: Sessions, cookie: string): AskAgain {
  const together = new AskedTogether(sessions);
  return request => {
    const id = readCookie(request, cookie) ?? '';
    return { ask: () => together.ask(id), leave: together.enter(id) };
  };
}

export function askWordAgain(authenticate: Authenticate, report: (error: unknown) => void): AskAgain {
  return request => ({ ask: () => viewerByWord(authenticate, request, report), leave: () => undefined });
}

/** Who was let in by where they are stays there. */
export function askNobodyAgain(viewerOf: (request: Request) => Viewer | undefined): AskAgain {
  return request => ({ ask: async () => viewerOf(request), leave: () => undefined });
}
