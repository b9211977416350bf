import { expect, test } from 'vitest';
import { InvalidConfigError } from '../src/config/index.ts';
import { requireOptions } from './dashboard-options.ts';

const app = { kind: 'app' };
const engine = { place: () => undefined };

test.each([
  ['nothing', undefined, 'createDashboard() to get { app, engine, production, users }'],
  ['no engine', { app, production: true }, 'engine of createDashboard()'],
  ['an app of another kind', { app: {}, engine, production: true }, 'app of createDashboard()'],
  ['nobody who says whether this is production', { app, engine }, 'production of createDashboard()'],
  ['users that are no list', { app, engine, production: true, users: 'ada:admin:x' }, 'users of createDashboard()'],
  ['a sign-in that is no function', { app, engine, production: true, authenticate: {} }, 'authenticate of createDash'],
  [
    'a word that it does not know',
    { app, engine, production: true, authenticates: () => undefined },
    'no option "authenticates" of createDashboard(). Did you mean "authenticate"?',
  ],
])('a dashboard that is made with %s is refused, and what was expected is said', (_, given, says) => {
  expect(() => requireOptions(given)).toThrow(InvalidConfigError);
  expect(() => requireOptions(given)).toThrow(says);
});

test('what a dashboard needs is enough for it', () => {
  expect(() => requireOptions({ app, engine, production: false })).not.toThrow();
});
