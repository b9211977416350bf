import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Program } from '../subjects/start-program.ts';
import { startSubject } from '../subjects/start-subject.ts';

/** Peers as they are installed now, in a folder that nothing else uses. */
export interface Peers {
  /** A program with that subject: ours, BullMQ, or the peer of that name. */
  start(name: string, url: string): Promise<Program>;
  remove(): Promise<void>;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

export async function installPeers(): Promise<Peers> {
  const folder = await mkdtemp(join(tmpdir(), 'shiftwork-peers-'));
  const needed = (await readdir(HERE)).filter(name => /\.mjs$|^package/.test(name));
  for (const name of needed) await cp(join(HERE, name), join(folder, name));
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  return {
    start: (name, url) =>
      name === 'BullMQ' || name === 'Shiftwork'
        ? startSubject(name, url)
        : Program.start(name, join(folder, `${name}.mjs`), url),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
