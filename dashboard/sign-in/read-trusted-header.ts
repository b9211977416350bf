import type { Environment } from '../../src/config/index.ts';
import { isRole, ROLES, type Role } from './roles.ts';
import type { TrustedHeader } from './trusted-header.ts';

/** The proxy is known by its address: a number of hops names nobody. */
export function readTrustedHeader(
  environment: Environment,
  trustProxy: number | string | undefined,
): TrustedHeader | undefined {
  const header = environment.string('DASHBOARD_AUTH_HEADER')?.toLowerCase();
  const roles = readAuthRoles(environment);
  if (header === undefined) {
    if (roles !== undefined) {
      environment.problem(
        'Expected DASHBOARD_AUTH_HEADER beside DASHBOARD_AUTH_ROLES: the header in which a proxy says who asks.',
      );
    }
    return undefined;
  }
  if (!HEADER.test(header) || NO_NAMES.has(header)) {
    environment.problem(
      'Expected DASHBOARD_AUTH_HEADER to be the name of a header that the proxy sets itself, such as X-Auth-Request-User.',
    );
  }
  if (environment.has('DASHBOARD_USERS')) {
    environment.problem('Expected DASHBOARD_USERS or DASHBOARD_AUTH_HEADER, found both: there is one way in.');
  }
  if (typeof trustProxy !== 'string') {
    environment.problem(
      'Expected TRUST_PROXY to name the addresses or networks of the proxies that set DASHBOARD_AUTH_HEADER; from anybody else it is not believed.',
    );
  }
  if (roles === undefined) {
    environment.problem(
      'Expected DASHBOARD_AUTH_ROLES to say what those may do whom DASHBOARD_AUTH_HEADER names: name:role, comma-separated; * is anybody else.',
    );
  }
  return { header, proxies: String(trustProxy ?? '').split(','), roles: roles ?? new Map() };
}

const HEADER = /^[a-z0-9-]{1,64}$/;
/** What every browser sends, or a proxy passes on as it came. */
const NO_NAMES = new Set(['authorization', 'cookie', 'host', 'user-agent', 'origin', 'referer', 'accept']);

function readAuthRoles(environment: Environment): ReadonlyMap<string, Role> | undefined {
  const list = environment.list('DASHBOARD_AUTH_ROLES');
  if (list === undefined) return undefined;
  const roles = new Map<string, Role>();
  for (const [index, entry] of list.entries()) {
    const at = entry.lastIndexOf(':');
    const [name, role] = [entry.slice(0, Math.max(0, at)), entry.slice(at + 1)];
    if (name !== '' && isRole(role) && !roles.has(name)) roles.set(name, role);
    else {
      environment.problem(
        `Expected entry ${index + 1} of DASHBOARD_AUTH_ROLES to be name:role, each name once, with a role of ${ROLES.join(', ')}.`,
      );
    }
  }
  return roles;
}
