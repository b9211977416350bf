import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MissingPackageError } from './missing-package-error.ts';
import { loadOptional, OPTIONAL_PACKAGES, requireOptional } from './optional-package.ts';

function missing(name: string, code: string): Error {
  return Object.assign(new Error(`Cannot find package '${name}' imported from /app/node_modules/shiftwork/x.js`), {
    code,
  });
}

test('a package that is not installed is one error that names it, its use and the command', async () => {
  const loading = loadOptional('nodemailer', 'mail over SMTP', () =>
    Promise.reject(missing('nodemailer', 'ERR_MODULE_NOT_FOUND')),
  );
  await expect(loading).rejects.toThrow(MissingPackageError);
  await expect(loading).rejects.toThrow(
    'Expected the package nodemailer for mail over SMTP, found none. Run "npm install nodemailer@10" in this app.',
  );
});

test('another package that is missing, and any other failure, stay what they are', async () => {
  const other = missing('left-pad', 'ERR_MODULE_NOT_FOUND');
  await expect(loadOptional('pg', 'PostgreSQL', () => Promise.reject(other))).rejects.toBe(other);
  const failure = new Error("Cannot find package 'pg'");
  await expect(loadOptional('pg', 'PostgreSQL', () => Promise.reject(failure))).rejects.toBe(failure);
});

test('what is installed is given', async () => {
  await expect(loadOptional('pg', 'PostgreSQL', () => Promise.resolve('module'))).resolves.toBe('module');
  expect(requireOptional('pino', 'log lines')).toBeTypeOf('function');
});

test('the published package names the same packages as optional peers, in the same majors', () => {
  const manifest = JSON.parse(
    readFileSync(new URL('../../packages/shiftwork/package.json', import.meta.url), 'utf8'),
  ) as {
    readonly peerDependencies: Readonly<Record<string, string>>;
    readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
  };
  const majors = Object.fromEntries(
    Object.entries(manifest.peerDependencies)
      // Of vitest the matchers' types alone are named; nothing loads it.
      .filter(([name]) => !name.startsWith('@types/') && name !== 'vitest')
      .map(([name, range]) => [name, /\d+/.exec(range)?.[0]]),
  );
  expect(majors).toEqual(OPTIONAL_PACKAGES);
  expect(Object.keys(manifest.peerDependenciesMeta).toSorted()).toEqual(
    Object.keys(manifest.peerDependencies).toSorted(),
  );
});
