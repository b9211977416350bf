import { InvalidConfigError, type Environment } from '../config/index.ts';
import { parsePayloadKeys } from './payload-keys.ts';
import type { GivenSecrets } from './secrets.ts';

/** As many characters as 24 random bytes have in base64. */
const SHORTEST_SECRET = 32;

const REMEDY = 'Make one with: openssl rand -base64 32';

/** SHIFTWORK_SECRET, SHIFTWORK_SECRET_PREVIOUS and PAYLOAD_KEYS. Faults go to the environment; no value is ever repeated. */
export function readSecrets(environment: Environment): GivenSecrets {
  const usable = (name: string, value: string | undefined): string | undefined => {
    const problems = value === undefined ? [] : problemsWith(name, value);
    if (problems.length === 0) return value;
    for (const problem of problems) environment.problem(problem);
    return undefined;
  };
  return {
    secret: usable('SHIFTWORK_SECRET', environment.string('SHIFTWORK_SECRET')),
    previousSecret: usable('SHIFTWORK_SECRET_PREVIOUS', environment.string('SHIFTWORK_SECRET_PREVIOUS')),
    payloadKeys: usable('PAYLOAD_KEYS', environment.string('PAYLOAD_KEYS')),
  };
}

/** The same of what a program gives. @throws InvalidConfigError */
export function checkSecrets({ secret, previousSecret, payloadKeys }: GivenSecrets): GivenSecrets {
  // An empty variable that was passed on counts as unset, as everywhere.
  const given = {
    secret: secret || undefined,
    previousSecret: previousSecret || undefined,
    payloadKeys: payloadKeys || undefined,
  };
  const problems = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : problemsWith(name, value),
  );
  if (problems.length > 0) throw new InvalidConfigError(problems);
  return given;
}

function problemsWith(name: string, value: unknown): readonly string[] {
  const found = typeof value === 'string' ? `${value.length}` : typeof value;
  if (name === 'PAYLOAD_KEYS' || name === 'payloadKeys') {
    if (typeof value !== 'string') return [`Expected ${name} to be a text of id:base64, got ${found}.`];
    const parsed = parsePayloadKeys(name, value);
    return 'problems' in parsed ? parsed.problems : [];
  }
  if (typeof value === 'string' && value.length >= SHORTEST_SECRET) return [];
  return [`Expected ${name} to be a random text of at least ${SHORTEST_SECRET} characters, got ${found}. ${REMEDY}`];
}
