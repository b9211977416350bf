import type { BeforeHookResult } from '@bull-board/api/typings/app';

/** What Bull Board answers instead of acting, with our words for the page to show. */
export function refusal(status: 400 | 403, message: string): NonNullable<BeforeHookResult> {
  return {
    allow: false,
    status,
    errorKey: status === 403 ? 'ERRORS.FORBIDDEN' : 'ERRORS.INVALID_REQUEST_BODY',
    message,
  };
}
