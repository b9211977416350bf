import type { Environment } from './environment.ts';

const MOST = 60;

/** What the running code is called: RELEASE, else the version in the app's package.json where npm started it. Undefined where nobody says. */
export function readRelease(environment: Environment): string | undefined {
  return (environment.string('RELEASE') ?? environment.string('npm_package_version'))?.slice(0, MOST);
}
