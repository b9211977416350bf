import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from './owner.ts';

export const SUPERUSER = 'shiftwork';

/** A folder with the server's data and, beside it, the password that was made for it. */
export interface Cluster {
  readonly dataDir: string;
  readonly password: string;
}

/** Finds the cluster in `folder`, or makes one. */
export function openCluster(native: string, folder: string, owner: Owner | undefined): Cluster {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const dataDir = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  if (existsSync(join(dataDir, 'PG_VERSION')) && existsSync(passwordFile)) {
    return { dataDir, password: readFileSync(passwordFile, 'utf8').trim() };
  }
  // An earlier attempt was cut short: nothing of value can be in it, the password was never handed out.
  rmSync(dataDir, { recursive: true, force: true });
  const password = randomBytes(24).toString('base64url');
  mkdirSync(dataDir, { mode: 0o700 });
  const handover = join(dataDir, '..', 'password.new');
  writeFileSync(handover, `${password}\n`, { mode: 0o600 });
  if (owner !== undefined) {
    chownSync(dataDir, owner.uid, owner.gid);
    chownSync(handover, owner.uid, owner.gid);
  }
  try {
    execFileSync(
      join(native, 'bin', 'initdb'),
      [
        `--pgdata=${dataDir}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${handover}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--locale=C.UTF-8',
        '--no-instructions',
      ],
      { ...owner, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], env: {} },
    );
  } catch (cause) {
    rmSync(dataDir, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not create its data in ${dataDir}.`, { cause });
  } finally {
    rmSync(handover, { force: true });
  }
  // Written last: a cluster without it is made again.
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  return { dataDir, password };
}
