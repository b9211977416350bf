import { createRequire } from 'node:module';

/** Versions of BullMQ that passed `npm run test:newest-bullmq`. */
export const TRIED: readonly string[] = ['6.7.0'];

/** A newer one may keep its jobs otherwise: no job is lost by a warning, and one is better than a surprise. */
export function bullmqWarnings(found: string = installed()): readonly string[] {
  if (TRIED.includes(found)) return [];
  return [
    `Expected a BullMQ that was tried with this release (${TRIED.join(', ')}), found ${found}. ` +
      `Install one of those, or run "npm run test:newest-bullmq -- ${found}" in a checkout of this release.`,
  ];
}

function installed(): string {
  const about: unknown = createRequire(import.meta.url)('bullmq/package.json');
  return typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : 'unknown';
}
