import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RedisMonitor {
  /** What the server was told since, and what its scripts told it: each command with its arguments. */
  readonly commands: readonly (readonly string[])[];
  /** How many of them programs sent, and no scripts, in which the text stands. */
  sentWith(text: string): number;
  /** Resolves when it has heard all that was answered before: the server tells it a little later. */
  stop(): Promise<void>;
}

/**
 * MONITOR over a connection of its own. The driver's is no use on a server that others work on: a line that comes right behind the answer
 * is taken for an answer, and the process ends.
 */
export async function monitorRedis(address: string): Promise<RedisMonitor> {
  const socket = await connected(address);
  const commands: (readonly string[])[] = [];
  const begun = Promise.withResolvers<void>();
  const last = randomUUID();
  const ended = Promise.withResolvers<void>();
  let answersLeft = new URL(address).password === '' ? 1 : 2;
  let rest = '';
  const sent: string[] = [];
  socket.setEncoding('utf8');
  socket.on('error', begun.reject);
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.includes(last)) ended.resolve();
      else if (answersLeft === 0) {
        commands.push(argumentsIn(line));
        if (!/^\+[\d.]+ \[\d+ lua\]/.test(line)) sent.push(line);
      } else if (!line.startsWith('+OK')) begun.reject(new Error(`Expected OK to MONITOR, got ${line}.`));
      else if ((answersLeft -= 1) === 0) begun.resolve();
    }
  });
  socket.write('MONITOR\r\n');
  await begun.promise;
  return {
    commands,
    sentWith: text => sent.filter(line => line.includes(text)).length,
    async stop() {
      const other = await connected(address);
      other.on('error', ended.reject);
      other.write(`ECHO ${last}\r\n`);
      await ended.promise;
      other.destroy();
      socket.destroy();
    },
  };
}

/** Signed in, where the address has a password; the answer to that is the first to come. */
async function connected(address: string): Promise<Socket> {
  const { hostname, port, username, password } = new URL(address);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  if (password !== '') {
    socket.write(`AUTH ${decodeURIComponent(username) || 'default'} ${decodeURIComponent(password)}\r\n`);
  }
  return socket;
}

/** Of a line such as `+1795975075.33 [0 127.0.0.1:54346] "get" "key"`. */
function argumentsIn(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replace(/\\(x[0-9a-f]{2}|.)/g, (_whole, code: string) =>
      code.length === 3
        ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
        : ({ n: '\n', r: '\r', t: '\t' }[code] ?? code),
    ),
  );
}
