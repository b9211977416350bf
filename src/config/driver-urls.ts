import { accessSync, constants } from 'node:fs';
import { integer, line, words, type UrlParameters } from './url-parameters.ts';

const seconds = integer(0, 65_535);
const milliseconds = integer(0, 2_147_483_647);
const file = { expected: 'a file that can be read', fits: isReadable };

/** What ioredis honours of what stands in a URL, and nothing else decides. */
const REDIS: UrlParameters = { db: integer(0, 999_999_999), family: words('0', '4', '6') };

/** The credentials in the URL are the masters'. */
const SENTINEL: UrlParameters = { ...REDIS, sentinelUser: line, sentinelPassword: line };

/** What pg honours. `sslmode` as pg reads it: all but `disable` and `no-verify` check the certificate, unless `uselibpqcompat=true`. */
const POSTGRES: UrlParameters = {
  host: line,
  port: integer(1, 65_535),
  sslmode: words('disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'),
  ssl: words('true', 'false', '1', '0', 'no-verify'),
  sslrootcert: file,
  sslcert: file,
  sslkey: file,
  sslnegotiation: words('postgres', 'direct'),
  uselibpqcompat: words('true'),
  application_name: line,
  fallback_application_name: line,
  options: line,
  client_encoding: words('utf8', 'UTF8', 'utf-8', 'UTF-8'),
  statement_timeout: milliseconds,
  lock_timeout: milliseconds,
  idle_in_transaction_session_timeout: milliseconds,
  query_timeout: milliseconds,
};

/** What amqplib honours. */
const RABBITMQ: UrlParameters = {
  heartbeat: seconds,
  frameMax: integer(4_096, 2_147_483_647),
  channelMax: integer(0, 65_535),
  locale: line,
};

/** By scheme; undefined where the parameters are for the far side, which gets them. */
export const DRIVER_PARAMETERS: Readonly<Record<string, UrlParameters | undefined>> = {
  'redis:': REDIS,
  'rediss:': REDIS,
  'redis+sentinel:': SENTINEL,
  'rediss+sentinel:': SENTINEL,
  'redis+cluster:': REDIS,
  'rediss+cluster:': REDIS,
  'postgres:': POSTGRES,
  'postgresql:': POSTGRES,
  'amqp:': RABBITMQ,
  'amqps:': RABBITMQ,
};

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
