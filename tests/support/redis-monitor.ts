import { once } from 'node:events';
import { connect } from 'node:net';

export interface RedisMonitor {
  /** What the server was told since, and what its scripts told it: each command with its arguments. */
  readonly commands: readonly (readonly string[])[];
  stop(): void;
}

/**
 * MONITOR over a connection of its own. The driver's is no use on a server that others work on: a line that comes right behind the answer
 * is taken for an answer, and the process ends.
 */
export async function monitorRedis(address: string): Promise<RedisMonitor> {
  const { hostname, port, username, password } = new URL(address);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const commands: (readonly string[])[] = [];
  const begun = Promise.withResolvers<void>();
  let answersLeft = password === '' ? 1 : 2;
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('error', begun.reject);
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (answersLeft === 0) commands.push(argumentsIn(line));
      else if (!line.startsWith('+OK')) begun.reject(new Error(`Expected OK to MONITOR, got ${line}.`));
      else if ((answersLeft -= 1) === 0) begun.resolve();
    }
  });
  if (password !== '') {
    socket.write(`AUTH ${decodeURIComponent(username) || 'default'} ${decodeURIComponent(password)}\r\n`);
  }
  socket.write('MONITOR\r\n');
  await begun.promise;
  return {
    commands,
    stop: () => void socket.destroy(),
  };
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
