import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../../shop/problems.ts';
import { id } from '../../shop/routes/fields.ts';

export { id };

/** The id in the path. One that cannot be one stands for nothing. */
export function pathId(request: Request): string {
  const read = id.safeParse(request.params['id']);
  if (!read.success) throw new Problem(404, 'Nothing is here.');
  return read.data;
}

/** Who commands. A real bank takes it from a session. */
export function userOf(request: Request): string | undefined {
  const user = request.get('x-user-id');
  if (user === undefined) return undefined;
  const read = id.safeParse(user);
  if (!read.success) throw new Problem(400, 'Expected X-User-Id to be an id.');
  return read.data;
}

/** A whole number in the query string. */
export function numberIn(
  request: Request,
  name: string,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const raw = request.query[name];
  if (raw === undefined) return fallback;
  const read = z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .safeParse(raw);
  if (!read.success) throw new Problem(400, `Expected ${name} to be an integer from ${min} to ${max}.`);
  return read.data;
}
