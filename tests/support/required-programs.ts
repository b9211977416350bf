import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface Program {
  readonly package: string;
  /** The first that exists is used. */
  readonly names: readonly string[];
  /** Looked through before PATH. */
  readonly folders?: readonly string[];
}

const PROGRAMS = {
  redis: { package: 'redis-server', names: ['redis-server'] },
  // Debian's program in PATH starts a service under another user; the one behind it is a program like any other.
  rabbitmq: { package: 'rabbitmq-server', names: ['rabbitmq-server'], folders: ['/usr/lib/rabbitmq/bin'] },
  epmd: { package: 'erlang-base', names: ['epmd'] },
  // Without a window: a page costs a third of the CPU that the whole browser's costs (measured: 0.7 s to open one, not 2.2 s).
  chromium: {
    package: 'chromium-headless-shell',
    names: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'],
  },
  // Debian has the tool that tries alerts in the package of the server, which no test starts.
  promtool: { package: 'prometheus', names: ['promtool'] },
  nginx: { package: 'nginx-light', names: ['nginx'], folders: ['/usr/sbin'] },
} as const satisfies Readonly<Record<string, Program>>;

export type ProgramName = keyof typeof PROGRAMS;

/** Finds what the tests need beyond npm's packages; installs it from Debian as root, else names all of it in one error. */
export function requirePrograms(): void {
  const missing = Object.values(PROGRAMS).filter(program => find(program) === undefined);
  if (missing.length === 0) return;
  const packages = missing.map(program => program.package);
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || find({ package: 'apt', names: ['apt-get'] }) === undefined) {
    throw new Error(`The tests need ${packages.join(' and ')} on this machine. On Debian, as root: ${command}`);
  }
  console.log(`installing ${packages.join(' and ')} from Debian for the tests ...`);
  const { status, stderr } = spawnSync('sh', ['-c', command], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Installing ${packages.join(' and ')} failed: ${stderr.slice(-2_000)}`);
}

export function programPath(name: ProgramName): string {
  const path = find(PROGRAMS[name]);
  if (path === undefined) throw new Error(`${name} is not on this machine; the tests' set-up installs or names it.`);
  return path;
}

export function programVersion(name: ProgramName): string {
  return execFileSync(programPath(name), ['--version'], { encoding: 'utf8' }).trim();
}

function find({ names, folders: first = [] }: Program): string | undefined {
  const folders = [...first, ...(process.env['PATH'] ?? '').split(delimiter)];
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(path => existsSync(path));
}
