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

/** What a route is called where it is counted. */
export type RouteName = 'openapi' | 'enqueue' | 'enqueue-many' | 'read' | 'cancel' | 'events' | 'result';

interface Named {
  readonly name: RouteName;
  readonly route: Route;
}

interface Place {
  /** `*` stands for any one word. */
  readonly path: readonly string[];
  readonly methods: Readonly<Record<string, Named>>;
}

/** Every address behind `/api/v1/`. */
const PLACES: readonly Place[] = [
  { path: ['openapi.json'], methods: { GET: { name: 'openapi', route: readDescription } } },
  { path: ['jobs'], methods: { POST: { name: 'enqueue-many', route: enqueueMany } } },
  // By what is asked, the word is a contract's name or a job's id.
  {
    path: ['jobs', '*'],
    methods: { POST: { name: 'enqueue', route: enqueueOne }, GET: { name: 'read', route: readOne } },
  },
  { path: ['jobs', '*', 'cancel'], methods: { POST: { name: 'cancel', route: cancelOne } } },
  { path: ['jobs', '*', 'events'], methods: { GET: { name: 'events', route: followOne } } },
  { path: ['jobs', '*', 'result'], methods: { GET: { name: 'result', route: waitForResult } } },
];

export interface FoundRoute extends Named {
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
  const found = Object.hasOwn(place.methods, method) ? place.methods[method] : undefined;
  if (found === undefined) {
    const allowed = Object.keys(place.methods).join(', ');
    throw new RequestRefusedError(405, `Expected ${allowed} here.`, { headers: { Allow: allowed } });
  }
  return { ...found, word: segments[1] ?? '' };
}
