import { existsSync, readFileSync } from 'node:fs';

/** From `src/cli`, and from where the package has it built. */
const MANIFESTS = ['../../packages/shiftwork/package.json', '../../../package.json'];

/** Of the package that this file is a part of. */
export function readVersion(): string {
  const manifest = MANIFESTS.map(path => new URL(path, import.meta.url)).find(url => existsSync(url));
  const { version }: { readonly version?: unknown } =
    manifest === undefined ? {} : JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof version === 'string' ? version : 'unknown';
}
