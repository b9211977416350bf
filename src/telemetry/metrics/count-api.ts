import { Counter, Histogram, type Registry } from 'prom-client';
import type { Facts } from '../../facts/index.ts';
import type { KnownNames } from './known-names.ts';

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
/** How long they take is what their callers have asked for. */
const THAT_WAIT: ReadonlySet<string> = new Set(['events', 'result']);

/** What the HTTP door was asked, and what it has answered. Labels name no job, no contract and nobody: a token by its id. */
export function countApi(registry: Registry, facts: Facts, names: KnownNames): readonly (() => void)[] {
  const registers = [registry];
  const requests = new Counter({
    name: 'shiftwork_api_requests_total',
    help: 'Requests to the HTTP door by the status that they were answered with; route none: refused before one was found.',
    labelNames: ['route', 'status'],
    registers,
  });
  const byToken = new Counter({
    name: 'shiftwork_api_token_requests_total',
    help: 'The same by the id of the token, as tokens list shows it: answered, refused (4xx), limited (429), gone (499: before there was an answer) or failed (5xx).',
    labelNames: ['token', 'how'],
    registers,
  });
  const duration = new Histogram({
    name: 'shiftwork_api_request_duration_seconds',
    help: 'How long requests took, but for streams and those that wait for a result.',
    labelNames: ['route'],
    buckets: BUCKETS,
    registers,
  });
  return [
    facts.on('api.answered', ({ fields: { route, status, tookMs, token } }) => {
      requests.inc({ route, status });
      if (token !== undefined) byToken.inc({ token: names.token(token), how: howOf(status) });
      if (!THAT_WAIT.has(route)) duration.observe({ route }, tookMs / 1_000);
    }),
  ];
}

function howOf(status: number): string {
  if (status === 429) return 'limited';
  if (status === 499) return 'gone';
  return status < 400 ? 'answered' : status < 500 ? 'refused' : 'failed';
}
