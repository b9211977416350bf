import type { RedisOptions } from 'ioredis';
import type { RedisAddress } from '../config/index.ts';

/** The shape of replies is the driver's default everywhere. */
export type ServerOptions = Omit<RedisOptions, 'replyMapping'>;

/** What the driver needs for each server of the address. */
export function credentialsOf({ username, password, family, tls }: RedisAddress): ServerOptions {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(family !== undefined && { family }),
    ...(tls && { tls: {} }),
  };
}
