import type { Request } from 'express';
import { sameToken } from './same-token.ts';

/** Whether a program shows that token as a bearer; nobody does where there is none. */
export function showsToken(request: Request, token: string | undefined): boolean {
  const [, shown] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.get('authorization') ?? '') ?? [];
  return shown !== undefined && sameToken(shown, token);
}
