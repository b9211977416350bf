import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What may be installed beside MIT code without asking anybody. MPL-2.0 binds only who changes its files. */
const ALLOWED: ReadonlySet<string> = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'Unlicense',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'MPL-2.0',
]);

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

export interface Licences {
  /** How many packages are under each, the most first. */
  readonly counts: readonly (readonly [licence: string, packages: number])[];
  readonly faults: readonly string[];
}

/** The licences of everything that the lock file installs for users, peers included; what is for development only is left out. */
export function checkLicences(root: string): Licences {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const installed = Object.entries(lock.packages).filter(
    ([path, { dev, link }]) => path.startsWith('node_modules/') && dev !== true && link !== true,
  );
  const byLicence = Map.groupBy(installed, ([, { license }]) => license ?? 'none');
  return {
    counts: [...byLicence]
      .map(([licence, packages]) => [licence, packages.length] as const)
      .sort(([, a], [, b]) => b - a),
    faults: installed
      .filter(([path, { license }]) => !ALLOWED.has(license ?? '') && !isProgramOfNode(path))
      .map(([path, { license }]) => `${path.replace(/^.*node_modules\//, '')} has the licence ${license ?? 'none'}`),
  };
}

/** Node itself, which development installs for one platform: its packages name no licence. */
function isProgramOfNode(path: string): boolean {
  return /^node_modules\/node-(bin-)?(linux|darwin|win32)/.test(path);
}
