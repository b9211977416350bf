import type { Request, Response } from 'express';
import { messagePage } from '../pages/message-page.ts';

export interface Answer {
  readonly status: number;
  readonly title: string;
  readonly message: string;
}

/** True where a person looks at the answer: a page for them, JSON for everything else. */
export function wantsPage(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

/** A refusal or failure, in our words alone. */
export function answer(request: Request, response: Response, { status, title, message }: Answer): void {
  response.status(status);
  if (wantsPage(request)) response.type('html').send(messagePage({ base: request.baseUrl, title, message }));
  else response.json({ error: title, message });
}
