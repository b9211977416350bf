import type { Request, Response } from 'express';
import { isRefusing, isUnreachable, reasonOf } from '../../src/resilience/index.ts';
import { messagePage } from '../pages/message-page.ts';
import { baseOf, wantsPage } from './answers.ts';
import { isReading } from './same-origin.ts';

/** True for what is thrown while the engine is away, by the engine and by the drivers under BullMQ. */
export function isEngineAway(error: unknown): boolean {
  return isUnreachable(error);
}

const AWAY = {
  title: 'The queue engine is away',
  message: 'The queue engine cannot be reached now. The dashboard recovers by itself as soon as it can be.',
};

/** For whatever needs the engine while it is away, or answers and takes no writes. A page that was only read looks again by itself. */
export function answerEngineAway(request: Request, response: Response, thrown?: unknown): void {
  const { title, message } = refusalIn(thrown) ?? AWAY;
  response.status(503).setHeader('Retry-After', '5');
  if (!wantsPage(request)) response.json({ error: title, message });
  else
    response
      .type('html')
      .send(messagePage({ base: baseOf(response), title, message, ...(isReading(request) && { refreshSeconds: 5 }) }));
}

/** Whoever looks for a network that is down would look in the wrong place. */
function refusalIn(thrown: unknown): typeof AWAY | undefined {
  const refusal = [thrown, thrown instanceof Error ? thrown.cause : undefined].find(isRefusing);
  if (refusal === undefined) return undefined;
  const message = `The queue engine answers and takes nothing now: ${reasonOf(refusal)}. The dashboard goes on by itself as soon as that is over.`;
  return { title: 'The queue engine takes no writes', message };
}
