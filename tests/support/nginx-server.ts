import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:net';
import { dataFolder } from './data-folder.ts';
import { programPath } from './required-programs.ts';
import { waitFor } from './wait-for.ts';

export interface NginxServer {
  stop(): Promise<void>;
}

/** Starts Debian's nginx in front, with these `server` blocks; it answers on `port` when this resolves. */
export async function startNginx(servers: string, port: number): Promise<NginxServer> {
  const folder = await dataFolder('nginx');
  await mkdir(join(folder, 'temporary'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const configuration = join(folder, 'nginx.conf');
  await writeFile(
    configuration,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr warn;
    events { worker_connections 64; }
    http {
      access_log off;
      ${paths.map(path => `${path}_temp_path ${folder}/temporary;`).join(' ')}
      ${servers}
    }`,
  );
  const child = spawn(programPath('nginx'), ['-c', configuration, '-p', folder, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${said.slice(-1_000)}`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  };
  await waitFor('nginx', answers);
  return {
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
