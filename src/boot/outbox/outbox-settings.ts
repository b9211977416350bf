import { readRedisUrl, type Environment } from '../../config/index.ts';
import { readEngineSettings } from '../../engine/index.ts';
import type { GivenSecrets } from '../../secrets/index.ts';

export interface OutboxSettings {
  readonly database: string;
  readonly engineUrl: string;
  readonly namespace: string | undefined;
  readonly secrets: GivenSecrets;
  readonly redis: string | undefined;
  readonly rabbitmq: string | undefined;
}

/** DATABASE_URL holds the outbox; the engine is where jobs go; RABBITMQ_URL, else REDIS_URL, where events go. Faults go to the environment. */
export function readOutboxSettings(environment: Environment): OutboxSettings {
  const { url, namespace, secrets } = readEngineSettings(environment);
  const database = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  if (!environment.has('DATABASE_URL')) environment.required('DATABASE_URL', 'the outbox, which lives there');
  return {
    database: database ?? '',
    engineUrl: url,
    namespace,
    secrets,
    redis: readRedisUrl(environment)?.href,
    rabbitmq: environment.url('RABBITMQ_URL', { protocols: ['amqp:', 'amqps:'] })?.href,
  };
}
