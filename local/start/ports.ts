import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Environment } from '../../src/config/index.ts';

export interface Port {
  readonly variable: string;
  readonly what: string;
  readonly number: number;
}

const PORTS = [
  { variable: 'PORT', what: 'the shop', fallback: 3000 },
  { variable: 'DASHBOARD_PORT', what: 'the dashboard', fallback: 3001 },
  { variable: 'MAILBOX_PORT', what: 'the mailbox', fallback: 1080 },
  { variable: 'MAILBOX_SMTP_PORT', what: "the mailbox's mail server", fallback: 1025 },
] as const;

export type PortVariable = (typeof PORTS)[number]['variable'];

/** Reads the ports and finds, before anything starts, all that are taken; each with the variable that moves it. */
export async function claimPorts(
  environment: Environment,
  wanted: ReadonlySet<PortVariable>,
): Promise<Readonly<Record<PortVariable, number>>> {
  const numbers: Record<PortVariable, number> = { PORT: 0, DASHBOARD_PORT: 0, MAILBOX_PORT: 0, MAILBOX_SMTP_PORT: 0 };
  const users = new Map<number, string>();
  for (const { variable, what, fallback } of PORTS) {
    const number = environment.integer(variable, { min: 1, max: 65_535, fallback });
    numbers[variable] = number;
    if (!wanted.has(variable)) continue;
    const other = users.get(number);
    if (other !== undefined) {
      environment.problem(`Expected ${variable} to differ from ${other}, both are ${number}.`);
    } else if (await isTaken(number)) {
      environment.problem(
        `Port ${number} for ${what} is taken: stop what uses it, or set ${variable} to another port.`,
      );
    }
    users.set(number, variable);
  }
  return numbers;
}

/** Whether somebody listens there already, on any address of this machine. */
export async function isTaken(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1', undefined]) {
    const server = createServer();
    server.listen(host === undefined ? { port } : { port, host });
    try {
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
    } catch (error) {
      // A machine without IPv6 has nobody listening there.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EADDRINUSE' || code === 'EACCES') return true;
    }
  }
  return false;
}

/**
 * A port that is free now, for what nobody needs to know. Below what systems hand out by themselves (Linux from 32768, others from
 * 49152): there any program's outgoing connection may have it until the server is up, or at the next start.
 */
export async function anyPort(): Promise<number> {
  for (let tried = 0; tried < 100; tried += 1) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    if (!(await isTaken(port))) return port;
  }
  throw new Error('Of 100 ports of this machine between 10000 and 20000 none was free.');
}
