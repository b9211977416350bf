import type { Request, Response } from 'express';
import { EngineUnreachableError } from '../../src/engine/index.ts';
import { QueueUnavailableError } from '../../src/queue/index.ts';
import { messagePage } from '../pages/message-page.ts';
import { baseOf, wantsPage } from './answers.ts';
import { isReading } from './same-origin.ts';

const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH']);
const WORDS =
  /connection (is closed|terminated|timeout)|enableOfflineQueue|max(imum)? ?retries|command timed out|timeout (exceeded|expired)/i;

/**
 * True for what is thrown while the engine is away, by the engine and by the drivers under BullMQ. Decides about words and log
 * lines alone: such an error is a failure either way.
 */
export function isEngineAway(error: unknown): boolean {
  if (error instanceof EngineUnreachableError || error instanceof QueueUnavailableError) return true;
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // 57P: PostgreSQL is shutting down or starting up.
  return CODES.has(code) || code.startsWith('57P') || WORDS.test(error.message);
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
