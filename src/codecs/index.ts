/**
 * For what JSON cannot hold, ready for schemas of zod: the producer gives the form that JSON holds, the handler gets the value. The one room that loads zod.
 *
 * @module
 */
export { bigintCodec } from './bigint-codec.ts';
export { bytesCodec } from './bytes-codec.ts';
export { dateCodec } from './date-codec.ts';
export { mapCodec } from './map-codec.ts';
export { setCodec } from './set-codec.ts';
