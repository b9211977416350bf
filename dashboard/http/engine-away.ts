import type { Request, Response } from 'express';
import { isUnreachable } from '../../src/resilience/index.ts';
import { messagePage } from '../pages/message-page.ts';
import { baseOf, wantsPage } from './answers.ts';
import { isReading } from './same-origin.ts';

/** True for what is thrown while the engine is away, by the engine and by the drivers under BullMQ. */
export function isEngineAway(error: unknown): boolean {
  return isUnreachable(error);
}

/** For whatever needs the engine while it is away. A page that was only read looks again by itself. */
export function answerEngineAway(request: Request, response: Response): void {
  const title = 'The queue engine is away';
  const message = 'The queue engine cannot be reached now. The dashboard recovers by itself as soon as it can be.';
  response.status(503).setHeader('Retry-After', '5');
  if (!wantsPage(request)) response.json({ error: title, message });
  else
    response
      .type('html')
      .send(messagePage({ base: baseOf(response), title, message, ...(isReading(request) && { refreshSeconds: 5 }) }));
}
