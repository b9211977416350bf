import type { Environment } from './environment.ts';
import { InvalidConfigError } from './invalid-config-error.ts';

/**
 * One rule for all that is named after a namespace: keys of Redis, schemas of PostgreSQL, exchanges of RabbitMQ. An installation can move
 * between them, and gets another room without asking whether its name will do there. Two `_` stand before `next` and `old` in the schemas
 * of a rebuild, and nowhere else: they could be the live ones of another.
 */
const NAMESPACE = /^(?!.*__)[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

/** The namespace; undefined for none, which an empty one is. @throws InvalidConfigError */
export function checkNamespace(namespace: string | undefined): string | undefined {
  const given: unknown = namespace;
  if (given === undefined || given === '') return undefined;
  if (typeof given === 'string' && NAMESPACE.test(given)) return given;
  throw new InvalidConfigError([
    'Expected the namespace to be 1 to 40 letters, digits, "-" or single "_", starting with a letter or digit, ' +
      `got ${typeof given === 'string' ? JSON.stringify(given.slice(0, 60)) : typeof given}.`,
  ]);
}

/** SHIFTWORK_NAMESPACE. A fault goes to the environment. */
export function readNamespace(environment: Environment): string | undefined {
  try {
    return checkNamespace(environment.string('SHIFTWORK_NAMESPACE'));
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    for (const problem of error.problems) environment.problem(problem.replace('the namespace', 'SHIFTWORK_NAMESPACE'));
    return undefined;
  }
}
