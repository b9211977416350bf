import { DESTINATION, type AnyJobContract, type QueuePolicy } from '../../contracts/index.ts';
import { groupsOf, limitOf, type GroupedOptions } from '../../engine/index.ts';
import { groupOptions, groupsInQueue, needsDigest } from '../../queue/index.ts';
import type { SecretSource } from '../../secrets/index.ts';

/**
 * Finds jobs that were stored without the groups that limits put them in: by another program, by an earlier release, or because the limit is the queue's own and
 * whoever enqueued knew nothing of it. They go back with their groups, and whoever takes them next decides by these.
 */
export class Grouping {
  readonly #policy: QueuePolicy;
  readonly #secrets: SecretSource;
  /** By contract. */
  readonly #names = new Map<string, readonly string[]>();

  constructor(policy: QueuePolicy, secrets: SecretSource) {
    this.#policy = policy;
    this.#secrets = secrets;
  }

  /** The job's options with all of its groups; undefined where none is missing. */
  async completed(
    contract: AnyJobContract,
    data: unknown,
    opts: Readonly<GroupedOptions>,
  ): Promise<GroupedOptions | undefined> {
    const stored = groupsOf(opts);
    const known = new Set(stored.map(limitOf));
    if (this.#namesOf(contract).every(name => known.has(name))) return undefined;
    const said = groupsInQueue(contract, this.#policy.limits, data).filter(({ limit }) => !known.has(limit));
    if (said.length === 0) return undefined;
    const digests = needsDigest(said) ? (await this.#secrets.load()).present : undefined;
    // Groups of limits that are no more would take the places of others.
    const kept = stored.filter(group => this.#policy.allLimits.some(({ name }) => name === limitOf(group)));
    const { groups = [], tiers, ...others } = groupOptions(contract, said, digests);
    const numbers = { ...opts.tiers, ...tiers };
    return {
      ...opts,
      ...others,
      groups: [...kept, ...groups],
      ...(Object.keys(numbers).length > 0 && { tiers: numbers }),
    };
  }

  /** Of the limits that its jobs belong to. */
  #namesOf({ name, limits, destinationOf }: AnyJobContract): readonly string[] {
    let names = this.#names.get(name);
    if (names === undefined) {
      const own = [...limits, ...this.#policy.limits].map(limit => limit.name);
      names = destinationOf === undefined ? own : [DESTINATION, ...own];
      this.#names.set(name, names);
    }
    return names;
  }
}
