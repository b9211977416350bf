import type { IncomingMessage } from 'node:http';
import { isTooDeep } from '../../privacy/index.ts';
import { namesPrototype } from './names-prototype.ts';
import { RequestRefusedError } from './request-refused-error.ts';

/**
 * The body of a request as JSON; undefined where there is none. One that a body parser before us has read is taken as it made it.
 * @throws RequestRefusedError 400, 413, 415
 */
export async function readJson(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const parsed = parsedBefore(request);
  const body = parsed === undefined ? await parse(request, mostBytes) : parsed.body;
  if (isTooDeep(body)) throw new RequestRefusedError(400, 'Expected a body that is nested at most 100 deep.');
  if (namesPrototype(body)) throw new RequestRefusedError(400, 'Expected a body without a property named __proto__.');
  return body;
}

/** express.json() and others like it leave what they read on the request. */
function parsedBefore(request: IncomingMessage): { readonly body: unknown } | undefined {
  return request.readableDidRead && 'body' in request ? { body: request.body } : undefined;
}

async function parse(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const bytes = await readBytes(request, mostBytes);
  if (bytes.length === 0) return undefined;
  requireJson(request);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RequestRefusedError(400, 'Expected a body in UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw new RequestRefusedError(400, 'Expected a body that is JSON.');
  }
}

/** A form of another site's page can send other types without asking; this one it cannot. */
function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type)) {
    throw new RequestRefusedError(415, 'Expected the content type application/json, in UTF-8.');
  }
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new RequestRefusedError(415, 'Expected a body without content encoding.');
  }
}

/** Listeners, not an iterator: leaving that early would cut the connection before the answer. */
function readBytes(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const tooLarge = (): RequestRefusedError =>
    // What is still on its way is not read: the connection ends with the answer.
    new RequestRefusedError(413, `Expected a body of at most ${mostBytes} bytes.`, {
      headers: { Connection: 'close' },
    });
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return Promise.reject(tooLarge());
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > mostBytes) reject(tooLarge());
    else chunks.push(chunk);
  };
  const ended = (): void => resolve(Buffer.concat(chunks, bytes));
  const failed = (): void => reject(new RequestRefusedError(400, 'The body ended before it was whole.'));
  request.on('data', take).once('end', ended).once('error', failed).once('close', failed);
  return promise.finally(() => {
    request.off('data', take).off('end', ended).off('close', failed).pause();
    // An error that comes late must not end the process.
    request.off('error', failed).on('error', () => undefined);
  });
}
