import { passwordHashProblem } from '../../src/config/index.ts';
import { isRole, ROLES, type Role } from './roles.ts';

export interface DashboardUser {
  readonly name: string;
  readonly role: Role;
  /** As `shiftwork users hash` prints it. */
  readonly hash: string;
}

export type ParsedUsers = { readonly users: readonly DashboardUser[]; readonly problems: readonly string[] };

const NAME = /^[\w.@+-]{1,64}$/;

/**
 * Reads `name:role:hash`, comma-separated. A fault is told by the entry's position: what stands there may be a password
 * in the wrong place, so nothing of it is repeated.
 */
export function parseUsers(text: string): ParsedUsers {
  const users: DashboardUser[] = [];
  const problems: string[] = [];
  for (const [index, entry] of text.split(',').entries()) {
    const where = `entry ${index + 1} of DASHBOARD_USERS`;
    const [name = '', role = '', hash = '', ...rest] = entry.trim().split(':');
    if (rest.length > 0 || hash === '') {
      problems.push(`Expected ${where} to be name:role:hash; make the hash with "shiftwork users hash".`);
      continue;
    }
    if (!NAME.test(name)) {
      problems.push(`Expected the name in ${where} to be 1 to 64 letters, digits or one of . _ @ + -.`);
    } else if (users.some(user => user.name === name)) {
      problems.push(`Expected each name in DASHBOARD_USERS once, ${where} uses one again.`);
    }
    const problem = passwordHashProblem(hash);
    if (problem !== undefined) problems.push(`The hash in ${where} cannot be used: ${problem}.`);
    if (isRole(role)) users.push({ name, role, hash });
    else problems.push(`Expected the role in ${where} to be one of ${ROLES.join(', ')}.`);
  }
  return { users, problems };
}
