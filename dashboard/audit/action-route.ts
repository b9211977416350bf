import express, { type Request, type RequestHandler } from 'express';
import { answer } from '../http/answers.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { describeAction, markDryRun } from './record-actions.ts';

const REASON_LIMIT = 500;

/** What every action of a page is asked with. */
export interface AskedAction {
  /** Only what would be done is asked: whoever presses once is shown the button once more. */
  readonly dryRun: boolean;
}

/** What came of an action, or would come of it. */
export interface ActionResult {
  /** To which it was to be done: ids, or a name. */
  readonly on: string;
  readonly matched: number;
  readonly done: number;
  /** Why it could not be done to the others. */
  readonly why?: string | undefined;
  readonly reason?: string | undefined;
}

export interface ActionRoute<Asked extends AskedAction> {
  /** For the audit, in a few words: `cancel jobs`. */
  readonly what: string;
  readonly viewerOf: (request: Request) => Viewer;
  /** The body, for a person who has sent another. */
  readonly expected: string;
  /** What the body asks for; undefined where that is nothing. */
  readonly read: (fields: Partial<Record<string, unknown>>) => Asked | undefined;
  /** Does it, or answers what it would do where that alone is asked. */
  readonly act: (asked: Asked, by: string) => Promise<ActionResult>;
}

/** An action of a page: its body is JSON, its answer says how many it was done to, and why not to the others; the audit has it. */
export function actionRoute<Asked extends AskedAction>(action: ActionRoute<Asked>): readonly RequestHandler[] {
  const { what, viewerOf, expected, read, act } = action;
  const handle: RequestHandler = async (request, response) => {
    const asked = read({ ...(request.body as object | undefined) });
    if (asked === undefined) return answer(request, response, { status: 400, title: 'Bad request', message: expected });
    if (asked.dryRun) markDryRun(response);
    const { on, matched, done, why, reason } = await act(asked, viewerOf(request).name);
    const report = { matched, done, skipped: matched - done };
    describeAction(response, { what, on, ...report, reason });
    response.json({ ...report, why });
  };
  return [express.json({ limit: '10kb' }), handle];
}

/** What a person has given as the reason; undefined where that is nothing. */
export function reasonIn({ reason }: Partial<Record<string, unknown>>): string | undefined {
  return typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
}
