import type { AlertMessage } from './alert-message.ts';

/** What somebody sends to see that messages arrive. `now`: milliseconds since 1970; it makes the message's id. */
export function testMessage(now: number): AlertMessage {
  return {
    event: 'test',
    kind: 'test',
    about: 'test',
    text: 'This is a test: alerts of this installation arrive here.',
    needsYou: false,
    size: 1,
    since: now,
    path: '/',
  };
}
