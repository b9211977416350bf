import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { codeOf } from '../../errors/index.ts';
import { EVERY, problemAnswer, send, type Answer } from './answer.ts';
import { RequestRefusedError } from './request-refused-error.ts';

const UNREADABLE = [400, 'Expected a request as HTTP/1.1 has it, in which nothing can be read in two ways.'] as const;

/** What Node says of a request that no listener hears of. */
const BY_CODE: ReadonlyMap<string | undefined, readonly [status: number, message: string]> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Expected the whole request sooner: it came too slowly.']],
  ['HPE_HEADER_OVERFLOW', [431, 'Expected a head of at most 16 KiB.']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'Expected chunks with less beside their lengths.']],
]);

/** Lets a server answer those requests that Node itself refuses as it answers all others; Node's own answers are a status and nothing else. */
export function answerUnreadRequests(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, response) => void answers.set(socket, response));
  server.on('clientError', (error, socket) => {
    const answer = answers.get(socket);
    // Into the middle of another answer nothing is written.
    const isAnswering = answer !== undefined && answer.headersSent && !answer.writableFinished;
    if (!socket.writable || isAnswering) return void socket.destroy();
    last(socket, ...(BY_CODE.get(codeOf(error)) ?? UNREADABLE));
  });
  server.on('connect', (_, socket) => last(socket, 405, 'Expected a request for this server: it is no proxy.'));
  server.on('checkExpectation', (_, response) => send(response, refusal(417, 'Expected no Expect but 100-continue.')));
}

/** The connection ends with it: nobody can say where on it another request begins. */
function last(socket: Duplex, status: number, message: string): void {
  const { body, headers } = refusal(status, message);
  const text = `${JSON.stringify(body)}\n`;
  const lines = Object.entries({ ...EVERY, ...headers, 'Content-Length': text.length, Connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${text}`, () => socket.destroy());
}

function refusal(status: number, message: string): Answer {
  return problemAnswer(new RequestRefusedError(status, message), () => undefined);
}
