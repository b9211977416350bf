import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly lookup: LookupFunction | undefined;
  readonly signal: AbortSignal;
}

/** What was answered, as far as anybody looks at it. */
export interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
}

/** Answers are read to see that they end, not for what they say. */
const ANSWER_LIMIT_BYTES = 64 * 1024;
/** Of answers that only announce one (1xx). */
const MOST_ANNOUNCEMENTS = 50;

/**
 * One POST on a connection of its own. It settles with the first that comes, whatever that is, and with the signal at the latest: it does
 * not wait for the library to say that it has noticed. The connection is gone when it has settled.
 *
 * A success counts when its answer has come whole, or 64 KiB of it; any other status as soon as it is read: nothing that follows changes it.
 */
export function exchange(url: URL, { headers, body, lookup, signal }: Sending): Promise<Reply> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const call = request(url, {
      method: 'POST',
      // A kept connection would skip the guard at its next use.
      agent: false,
      ...(lookup !== undefined && { lookup }),
      headers: {
        'user-agent': 'Shiftwork',
        accept: '*/*',
        // An answer is counted as it arrives; one that unpacks to gigabytes is never unpacked.
        'accept-encoding': 'identity',
        ...headers,
        'content-length': String(Buffer.byteLength(body)),
      },
    });
    const leave = (): void => {
      signal.removeEventListener('abort', abort);
      call.destroy();
    };
    const fail = (error: unknown): void => {
      leave();
      reject(error);
    };
    const answered = (reply: Reply): void => {
      leave();
      resolve(reply);
    };
    function abort(): void {
      fail(signal.reason);
    }
    signal.addEventListener('abort', abort, { once: true });

    let whole: () => Reply | undefined = () => undefined;
    let announcements = 0;
    call.on('information', () => {
      announcements += 1;
      if (announcements > MOST_ANNOUNCEMENTS) fail(withCode('nothing but 1xx answers', 'NO_ANSWER'));
    });
    call.on('response', answer => {
      const reply = replyOf(answer);
      if (!isSuccess(reply)) return answered(reply);
      whole = () => (answer.complete ? reply : undefined);
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_LIMIT_BYTES) answered(reply);
      });
      answer.on('end', () => answered(reply));
      answer.on('error', fail);
    });
    // The library has let go of the connection: nobody else ends it, and no other event comes.
    call.on('upgrade', (answer, socket) => {
      socket.destroy();
      answered(replyOf(answer));
    });
    // It stays for what comes after the end: an error without a listener ends the process. Bytes behind a whole answer change nothing of it.
    call.on('error', error => {
      const reply = whole();
      if (reply === undefined) fail(error);
      else answered(reply);
    });
    call.on('close', () => fail(withCode('the connection was closed without an answer', 'NO_ANSWER')));
    call.end(body);
  });
}

function isSuccess({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}

/** Several headers of the name are a list, and no list is a time to wait: the library would have kept the first. */
function replyOf({ statusCode = 0, headersDistinct }: IncomingMessage): Reply {
  const { date, 'retry-after': retryAfter } = headersDistinct;
  return { status: statusCode, retryAfter: retryAfter?.join(', '), date: date?.[0] };
}

function withCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
