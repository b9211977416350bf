import { readNamespace, readRedisUrl, type Environment } from '../../config/index.ts';
import { readSecrets, type GivenSecrets } from '../../secrets/index.ts';
import type { Engine } from '../engine.ts';

export interface EngineSettings {
  /** Empty when the environment names no engine: then it holds a fault that says so. */
  readonly url: string;
  readonly kind: Engine['kind'];
  readonly namespace: string | undefined;
  readonly secrets: GivenSecrets;
}

/** Where the queues live: REDIS_URL, else DATABASE_URL; SHIFTWORK_NAMESPACE and SHIFTWORK_SECRET. Faults go to the environment. */
export function readEngineSettings(environment: Environment): EngineSettings {
  const redis = readRedisUrl(environment);
  const postgres = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] });
  if (!environment.has('REDIS_URL') && !environment.has('DATABASE_URL')) {
    environment.problem('Expected REDIS_URL or DATABASE_URL to be set: it is where the queues live.');
  }
  return {
    url: (environment.has('REDIS_URL') ? redis : postgres)?.href ?? '',
    kind: environment.has('REDIS_URL') ? 'redis' : 'postgres',
    namespace: readNamespace(environment),
    secrets: readSecrets(environment),
  };
}
