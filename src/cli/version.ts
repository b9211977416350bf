import { versionIn } from '../command/index.ts';

/** From `src/cli`, and from where the package has it built. */
const MANIFESTS = ['../../packages/shiftwork/package.json', '../../../package.json'];

/** Of the package that this file is a part of. */
export function readVersion(): string {
  return versionIn(MANIFESTS.map(path => new URL(path, import.meta.url)));
}
