import { InvalidConfigError } from './invalid-config-error.ts';

/** As `engines` of the packages says it; npm only warns of that. */
const NEEDED = [22, 12] as const;

/**
 * Called first by whatever opens something: an older Node lacks functions that are used everywhere, and that would look like an outage.
 * @throws InvalidConfigError that names the version needed
 */
export function requireNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = NEEDED;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new InvalidConfigError([
    `Expected Node ${NEEDED.join('.')} or newer, got ${version}: run this with a newer Node.`,
  ]);
}
