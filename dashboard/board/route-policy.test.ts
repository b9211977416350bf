import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { isRole } from '../sign-in/roles.ts';
import { KNOWN_ROUTES, roleNeeded } from './route-policy.ts';

interface Route {
  readonly method: string | readonly string[];
  readonly route: string | readonly string[];
}

/** Not in its types, but what the installed Bull Board really serves. */
const { appRoutes } = createRequire(import.meta.url)('@bull-board/api/dist/routes.js') as {
  appRoutes: { api: readonly Route[]; entryPoint: Route };
};
const served = appRoutes.api.flatMap(({ method, route }) =>
  [method].flat().flatMap(verb => [route].flat().map(path => `${verb} ${path}`)),
);

describe('the policy for the routes of Bull Board', () => {
  test('knows exactly the routes that the installed Bull Board has', () => {
    expect(served.length).toBeGreaterThan(20);
    expect([...KNOWN_ROUTES].sort()).toEqual([...served].sort());
  });

  test('nothing that changes something is open to viewers, and what reads is', () => {
    for (const route of served) {
      const [method = '', path = ''] = route.split(' ');
      const role = roleNeeded(method as 'get', path);
      expect(isRole(role ?? '')).toBe(true);
      expect([route, role === 'viewer']).toEqual([route, method === 'get']);
    }
  });

  test('an unknown route has no role, also one named like a property of every object', () => {
    expect(roleNeeded('get', '/api/queues/:queueName/secrets')).toBeUndefined();
    expect(roleNeeded('constructor' as 'get', '')).toBeUndefined();
  });

  test('the page itself is read with GET alone', () => {
    expect(appRoutes.entryPoint.method).toBe('get');
  });
});
