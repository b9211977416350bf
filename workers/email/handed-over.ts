import type { Readable } from 'node:stream';
import type { Transporter } from 'nodemailer';

/**
 * Whether a byte of a mail has been given to the connection. Before that nothing can have arrived, whatever went wrong; nodemailer's
 * errors do not say it. Mails are told apart by the signal that their send was given.
 */
export function watchHandOver(transport: Pick<Transporter, 'use'>): (signal: AbortSignal) => boolean {
  const streams = new WeakMap<AbortSignal, Readable[]>();
  transport.use('stream', ({ data: { signal }, message }, done) => {
    const made: Readable[] = [];
    if (signal !== undefined) streams.set(signal, made);
    const create = message.createReadStream.bind(message);
    // Once for each connection that it is tried on.
    message.createReadStream = options => {
      const stream = create(options);
      made.push(stream);
      return stream;
    };
    done();
  });
  return signal => streams.get(signal)?.some(stream => stream.readableDidRead) ?? false;
}
