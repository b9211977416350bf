import type { Environment } from '../../src/config/index.ts';
import type { AllowedHosts } from '../http/index.ts';

/** WEBHOOK_ALLOW_HOSTS: private receivers as `host:port`, for development. Empty by default: nothing private is called. */
export function readAllowedHosts(environment: Environment): AllowedHosts {
  const hosts = environment.list('WEBHOOK_ALLOW_HOSTS') ?? [];
  for (const host of hosts) {
    if (!/^[a-z0-9.[\]:-]+:\d{1,5}$/i.test(host)) {
      environment.problem(
        `Expected WEBHOOK_ALLOW_HOSTS to list host:port, separated by commas, got "${host.slice(0, 60)}".`,
      );
    }
  }
  return new Set(hosts.map(host => host.toLowerCase()));
}
