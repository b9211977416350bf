import { createRequire } from 'node:module';
import { MissingPackageError } from './missing-package-error.ts';

/** What only some apps need, with what is known to work: optional peers of the published package, which names the same ranges. */
export const OPTIONAL_PACKAGES = {
  '@opentelemetry/api': '1',
  amqplib: '2',
  nodemailer: '10',
  pg: '8',
  pino: '10',
  'prom-client': '15',
  standardwebhooks: '1',
  'web-push': '3',
} as const satisfies Readonly<Record<string, string>>;

export type OptionalPackage = keyof typeof OPTIONAL_PACKAGES;

/**
 * Loads what needs an optional package: the package itself, or a module of ours that imports it.
 * @throws MissingPackageError with the command that installs it
 */
export async function loadOptional<Module>(
  name: OptionalPackage,
  neededFor: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    throw isMissing(name, cause) ? new MissingPackageError(name, OPTIONAL_PACKAGES[name], neededFor, { cause }) : cause;
  }
}

/** The same at once, for a package in CommonJS whose user cannot wait; `Module` is the type that the package gives itself. */
export function requireOptional<Module>(name: OptionalPackage, neededFor: string): Module {
  try {
    return createRequire(import.meta.url)(name) as Module;
  } catch (cause) {
    throw isMissing(name, cause) ? new MissingPackageError(name, OPTIONAL_PACKAGES[name], neededFor, { cause }) : cause;
  }
}

/** Node says it by a code, and names the package in the message alone. */
function isMissing(name: OptionalPackage, cause: unknown): boolean {
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return (
    (cause.code === 'ERR_MODULE_NOT_FOUND' || cause.code === 'MODULE_NOT_FOUND') && cause.message.includes(`'${name}'`)
  );
}
