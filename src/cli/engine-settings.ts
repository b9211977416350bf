import { Environment, type Variables } from '../config/index.ts';

export interface EngineSettings {
  readonly url: string;
  readonly kind: 'redis' | 'postgres';
  readonly namespace: string | undefined;
}

/** Where the queues are: REDIS_URL, else DATABASE_URL. Faults go to the environment. */
export function readEngineSettings(environment: Environment): EngineSettings {
  const redis = environment.url('REDIS_URL', { protocols: ['redis:', 'rediss:'] });
  const postgres = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] });
  const url = redis ?? postgres;
  if (url === undefined && environment.problems.length === 0) {
    environment.problem('Expected REDIS_URL or DATABASE_URL to be set: it is where the queues live.');
  }
  return {
    url: url?.href ?? '',
    kind: redis === undefined ? 'postgres' : 'redis',
    namespace: environment.string('SHIFTWORK_NAMESPACE'),
  };
}

/** @throws InvalidConfigError */
export function engineSettings(variables: Variables): EngineSettings {
  const environment = new Environment(variables);
  const settings = readEngineSettings(environment);
  environment.check();
  return settings;
}
