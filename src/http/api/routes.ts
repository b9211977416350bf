import { type Answer } from '../exchange/answer.ts';
import { notFound, RequestRefusedError } from '../exchange/request-refused-error.ts';
import { cancelOne } from './cancel-one.ts';
import { enqueueMany } from './enqueue-many.ts';
import { enqueueOne } from './enqueue-one.ts';
import { followOne } from './follow-one.ts';
import { readOne } from './read-one.ts';
import { readDescription } from './read-description.ts';
import type { RouteContext } from './route-context.ts';
import { waitForResult } from './wait-for-result.ts';

/** Answers, or has answered already where it gives nothing. */
export type Route = (context: RouteContext) => Promise<Answer | undefined>;

interface Place {
  /** `*` stands for any one word. */
  readonly path: readonly string[];
  readonly methods: Readonly<Record<string, Route>>;
}

/** Every address behind `/api/v1/`. */
const PLACES: readonly Place[] = [
  { path: ['openapi.json'], methods: { GET: readDescription } },
  { path: ['jobs'], methods: { POST: enqueueMany } },
  // By what is asked, the word is a contract's name or a job's id.
  { path: ['jobs', '*'], methods: { POST: enqueueOne, GET: readOne } },
  { path: ['jobs', '*', 'cancel'], methods: { POST: cancelOne } },
  { path: ['jobs', '*', 'events'], methods: { GET: followOne } },
  { path: ['jobs', '*', 'result'], methods: { GET: waitForResult } },
];

export interface FoundRoute {
  readonly route: Route;
  /** What stood in the place of each `*`. */
  readonly word: string;
}

/** @throws RequestRefusedError 404, 405 */
export function findRoute(method: string, segments: readonly string[]): FoundRoute {
  const place = PLACES.find(
    ({ path }) =>
      path.length === segments.length &&
      path.every((part, index) => (part === '*' ? segments[index] !== '' : part === segments[index])),
  );
  if (place === undefined) throw notFound();
  const route = Object.hasOwn(place.methods, method) ? place.methods[method] : undefined;
  if (route === undefined) {
    const allowed = Object.keys(place.methods).join(', ');
    throw new RequestRefusedError(405, `Expected ${allowed} here.`, { headers: { Allow: allowed } });
  }
  return { route, word: segments[1] ?? '' };
}
