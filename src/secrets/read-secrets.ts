import { InvalidConfigError, type Environment } from '../config/index.ts';
import type { GivenSecrets } from './secrets.ts';

/** As many characters as 24 random bytes have in base64. */
const SHORTEST_SECRET = 32;

const REMEDY = 'Make one with: openssl rand -base64 32';

/** SHIFTWORK_SECRET and SHIFTWORK_SECRET_PREVIOUS. Faults go to the environment; no value is ever repeated. */
export function readSecrets(environment: Environment): GivenSecrets {
  const usable = (name: string, value: string | undefined): string | undefined => {
    const problem = value === undefined ? undefined : problemWith(name, value);
    if (problem === undefined) return value;
    environment.problem(problem);
    return undefined;
  };
  return {
    secret: usable('SHIFTWORK_SECRET', environment.string('SHIFTWORK_SECRET')),
    previousSecret: usable('SHIFTWORK_SECRET_PREVIOUS', environment.string('SHIFTWORK_SECRET_PREVIOUS')),
  };
}

/** The same of what a program gives. @throws InvalidConfigError */
export function checkSecrets({ secret, previousSecret }: GivenSecrets): GivenSecrets {
  // An empty variable that was passed on counts as unset, as everywhere.
  const given = { secret: secret || undefined, previousSecret: previousSecret || undefined };
  const problems = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : (problemWith(name, value) ?? []),
  );
  if (problems.length > 0) throw new InvalidConfigError(problems);
  return given;
}

function problemWith(name: string, value: unknown): string | undefined {
  if (typeof value === 'string' && value.length >= SHORTEST_SECRET) return undefined;
  const found = typeof value === 'string' ? `${value.length}` : typeof value;
  return `Expected ${name} to be a random text of at least ${SHORTEST_SECRET} characters, got ${found}. ${REMEDY}`;
}
