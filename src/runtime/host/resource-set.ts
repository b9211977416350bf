import type { Environment } from '../../config/index.ts';
import type { AnyResource, Handler, OpenableResource, OpenedResource, Resource } from '../../contracts/index.ts';
import { callWithin } from '../../resilience/index.ts';
import type { Facts } from '../../facts/index.ts';

/** Connecting lazily is better: what takes so long at the start never ends. */
const OPEN_MS = 30_000;
/** A process that ends waits for its resources, one after the other. */
const CLOSE_MS = 2_000;

/**
 * The resources of one process: their variables are read together, each is opened once, and they are closed in the
 * reverse order.
 */
export class ResourceSet {
  readonly #configured = new Map<AnyResource, OpenableResource<unknown>>();
  readonly #opened = new Map<AnyResource, Promise<OpenedResource<unknown>>>();
  readonly #order: OpenedResource<unknown>[] = [];
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** Reads the variables of everything that the handlers need; faults go to the environment. */
  configure(environment: Environment, handlers: Iterable<Handler>): void {
    const neededBy = new Map<AnyResource, string[]>();
    for (const { contract, needs } of handlers) {
      for (const resource of Object.values(needs)) {
        neededBy.set(resource, [...(neededBy.get(resource) ?? []), contract.name]);
      }
    }
    for (const [resource, names] of neededBy) {
      const jobs = names.map(name => `"${name}"`).join(', ');
      this.#configure(environment, resource, `${names.length === 1 ? 'job' : 'jobs'} ${jobs}`);
    }
  }

  /** Opens what the handlers need. On a failure what was opened is closed again. */
  async open(handlers: Iterable<Handler>): Promise<Map<string, Readonly<Record<string, unknown>>>> {
    const values = new Map<string, Readonly<Record<string, unknown>>>();
    try {
      for (const { contract, needs } of handlers) {
        const own: Record<string, unknown> = {};
        for (const [name, resource] of Object.entries(needs)) own[name] = await this.use(resource);
        values.set(contract.name, own);
      }
    } catch (error) {
      // Why it could not be opened is what matters, whatever closing says.
      await this.close().catch(() => undefined);
      throw error;
    }
    return values;
  }

  async use<Value>(resource: Resource<Value>): Promise<Value> {
    let opening = this.#opened.get(resource);
    if (opening === undefined) {
      opening = this.#open(resource);
      this.#opened.set(resource, opening);
    }
    // The map holds, under each resource, what that resource opened.
    return (await opening).value as Value;
  }

  async migrate(): Promise<void> {
    for (const resource of this.#order) await resource.migrate();
  }

  /** Closes each, also behind one that fails; rejects with the first failure afterwards. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const resource of this.#order.splice(0).toReversed()) {
      const limit = { what: 'the close of a resource', limitMs: CLOSE_MS };
      await callWithin(limit, () => resource.close()).catch((error: unknown) => failures.push(error));
    }
    this.#opened.clear();
    if (failures.length > 0) throw failures[0];
  }

  #configure(environment: Environment, resource: AnyResource, neededBy: string): void {
    if (this.#configured.has(resource)) return;
    const openable = resource.configure(environment, {
      neededBy,
      also: other => this.#configure(environment, other, neededBy),
    });
    this.#configured.set(resource, openable);
  }

  async #open(resource: AnyResource): Promise<OpenedResource<unknown>> {
    const openable = this.#configured.get(resource);
    if (openable === undefined) {
      throw new Error(
        `Resource "${resource.name}" was not configured: declare it with also() in the configure() that uses it.`,
      );
    }
    const limit = { what: `the resource "${resource.name}", which is opened at the start,`, limitMs: OPEN_MS };
    const opened = await callWithin(limit, () => openable.open({ facts: this.#facts, use: other => this.use(other) }));
    this.#order.push(opened);
    return opened;
  }
}
