import type { App } from '../../contracts/index.ts';

export type NamedParts = Pick<App, 'jobs' | 'queues' | 'events' | 'reactions' | 'schedules'>;

/** Stands for every name that the app does not know. */
export const OTHER = 'other';

/** Subscriptions and projections are named in code, but an app might make names up as it runs. */
const NAMES_KEPT = 200;

/**
 * Bounds what may become a label: each value is a series that the far side keeps for ever, and names in a queue may have been
 * written by anybody.
 */
export class KnownNames {
  readonly #app: NamedParts;
  readonly #subscriptions = new Set<string>();
  readonly #unnamed = new Set<string>();
  readonly #projections = new Set<string>();
  readonly #schedules = new Set<string>();
  readonly #tokens = new Set<string>();

  constructor(app: NamedParts) {
    this.#app = app;
    for (const name of this.reactions) this.#subscriptions.add(name);
    for (const name of this.schedules) this.#schedules.add(name);
  }

  /** Each is a subscription of its name. */
  get reactions(): Iterable<string> {
    return this.#app.reactions.keys();
  }

  get schedules(): Iterable<string> {
    return this.#app.schedules.map(({ name }) => name);
  }

  get jobs(): Iterable<{ readonly name: string; readonly queue: string }> {
    return this.#app.jobs.values();
  }

  get queues(): Iterable<string> {
    return this.#app.queues.keys();
  }

  get events(): Iterable<string> {
    return this.#app.events.keys();
  }

  job(name: string): string {
    return this.#app.jobs.has(name) ? name : OTHER;
  }

  queue(name: string): string {
    return this.#app.queues.has(name) ? name : OTHER;
  }

  event(type: string): string {
    return this.#app.events.has(type) ? type : OTHER;
  }

  /** Of queues that no contract names. */
  unnamed(name: string): string {
    return keep(this.#unnamed, name);
  }

  subscription(name: string): string {
    return keep(this.#subscriptions, name);
  }

  /** Those that were made at run time are too many, and carry the names of people. */
  schedule(name: string): string {
    return this.#schedules.has(name) ? name : OTHER;
  }

  token(id: string): string {
    return keep(this.#tokens, id);
  }

  projection(name: string): string {
    return keep(this.#projections, name);
  }
}

function keep(known: Set<string>, name: string): string {
  if (known.has(name)) return name;
  if (known.size >= NAMES_KEPT) return OTHER;
  known.add(name);
  return name;
}
