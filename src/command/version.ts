import { existsSync, readFileSync } from 'node:fs';

/** The version in the first of these manifests that is there: a program finds its own in a checkout and where a package has it built. */
export function versionIn(manifests: readonly URL[]): string {
  const manifest = manifests.find(url => existsSync(url));
  const { version }: { readonly version?: unknown } =
    manifest === undefined ? {} : JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof version === 'string' ? version : 'unknown';
}
