import { describeApi } from '../openapi/describe-api.ts';
import type { Answer } from '../exchange/answer.ts';
import { contractFor, type RouteContext } from './route-context.ts';

/** `GET /api/v1/openapi.json`: what this token may do, and nothing of other contracts. */
export async function readDescription(context: RouteContext): Promise<Answer> {
  const all = [...context.app.jobs.values()];
  const ofKind = (kind: 'enqueue' | 'read' | 'cancel') =>
    all.filter(({ name }) => contractFor(context, kind, name) !== undefined);
  const body = describeApi({
    enqueue: ofKind('enqueue'),
    mayRead: ofKind('read').length > 0,
    mayCancel: ofKind('cancel').length > 0,
  });
  return { status: 200, body };
}
