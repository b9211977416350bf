import { z } from 'zod';

/** A `Uint8Array` of its own memory, given as base64 with padding: `Buffer.from(bytes).toString('base64')`. A job carries 256 KiB of JSON: 190 KB of bytes. */
export const bytesCodec = z.codec(z.base64(), z.instanceof(Uint8Array), {
  decode: text => new Uint8Array(Buffer.from(text, 'base64')),
  encode: bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
});
