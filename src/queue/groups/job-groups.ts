import { DESTINATION, type AnyJobContract, type LimitPolicy } from '../../contracts/index.ts';
import { answeredLate } from '../../errors/index.ts';
import { groupName, limitOf, type FairShare, type GroupedOptions } from '../../engine/index.ts';
import type { KeyedDigests } from '../../secrets/index.ts';
import { kindOf, numbersOf, thrownBy, type GroupNumbers, type Refuse } from './group-numbers.ts';
import { InvalidGroupError } from './invalid-group-error.ts';

/** A group that a job belongs to, as its contract says it. */
export interface SaidGroup extends GroupNumbers {
  readonly limit: string;
  readonly said: string;
}

/** What of a job's options says where it stands. */
export type GroupOptions = Pick<GroupedOptions, 'groups' | 'fair' | 'tiers'>;

/** What stands in logs, pages and names of keys as it was said; all else goes by a keyed digest. The empty one is of a limit without `by`. */
const PLAIN = /^[\w.:[\]-]{0,200}$/;
const NONE: readonly SaidGroup[] = Object.freeze([]);

/**
 * The groups of a job by what its contract says: of its limits, and its destination.
 * @param data as the contract's schema gives it
 * @throws InvalidGroupError
 */
export function saidGroups(contract: AnyJobContract, data: unknown): readonly SaidGroup[] {
  if (contract.limits.length === 0 && contract.destinationOf === undefined) return NONE;
  return groupsBy(contract, contract.limits, data, (part, found, expected, options) => {
    throw new InvalidGroupError(contract.name, part, found, expected, options);
  });
}

/** As `saidGroups`, with those of the queue's own limits, for a job that is queued already: those that cannot be told are one group. */
export function groupsInQueue(
  contract: AnyJobContract,
  ofQueue: readonly LimitPolicy[],
  data: unknown,
): readonly SaidGroup[] {
  return groupsBy(contract, [...contract.limits, ...ofQueue], data, () => '?');
}

function groupsBy(
  { destinationOf }: AnyJobContract,
  limits: readonly LimitPolicy[],
  data: unknown,
  refuse: Refuse,
): readonly SaidGroup[] {
  const groups: SaidGroup[] = [];
  const destination = destinationOf && textBy(DESTINATION, destinationOf, data, refuse);
  if (destination !== undefined) groups.push({ limit: DESTINATION, said: destination });
  for (const policy of limits) {
    const { name, by } = policy;
    const said = by === undefined ? '' : textBy(`limit "${name}"`, by, data, refuse);
    if (said !== undefined) groups.push({ limit: name, said, ...numbersOf(policy, said, refuse) });
  }
  return groups;
}

function textBy(part: string, by: (data: unknown) => unknown, data: unknown, refuse: Refuse): string | undefined {
  let said: unknown;
  try {
    said = by(data);
  } catch (error) {
    return refuse(part, thrownBy(error), undefined, { cause: error });
  }
  if (answeredLate(said)) return refuse(part, 'gives a promise');
  switch (typeof said) {
    case 'undefined':
      return undefined;
    case 'string':
    case 'number':
    case 'boolean':
      // Empty is what a limit without `by` has.
      return String(said) || '""';
    default:
      return refuse(part, `gives ${kindOf(said)}`);
  }
}

/** Whether it takes a secret to name them. */
export function needsDigest(groups: readonly SaidGroup[]): boolean {
  return groups.some(({ said }) => !PLAIN.test(said));
}

/** As they are stored with the job, and as engines know them. */
export function namedGroups(groups: readonly SaidGroup[], digests: KeyedDigests | undefined): readonly string[] {
  return groups.map(({ limit, said }) => {
    if (PLAIN.test(said)) return groupName(limit, said);
    if (digests === undefined) throw new Error('A group that is no plain name needs a secret.');
    return groupName(limit, `~${digests.of('destination', said).slice(0, 16)}`);
  });
}

/** What stands in a job's options of its groups, and of the line in which it awaits its turn. */
export function groupOptions(
  { expiresAfterMs }: Pick<AnyJobContract, 'expiresAfterMs'>,
  groups: readonly SaidGroup[],
  digests: KeyedDigests | undefined,
): GroupOptions {
  if (groups.length === 0) return {};
  const named = namedGroups(groups, digests);
  const tiers = groups.flatMap(({ limit, tier }) => (tier === undefined ? [] : [[limit, tier] as const]));
  const own = { groups: named, ...(tiers.length > 0 && { tiers: Object.fromEntries(tiers) }) };
  const { limit, weight } = groups.find(group => group.weight !== undefined) ?? {};
  if (limit === undefined) return own;
  const fair: FairShare = {
    limit,
    ...(weight !== 1 && { weight }),
    ...(expiresAfterMs !== undefined && { expiresMs: expiresAfterMs }),
  };
  return { ...own, fair };
}

/** The key of a job's group under a limit; undefined where it has none. */
export function groupKeyIn(groups: readonly string[], limit: string): string | undefined {
  return groups.find(group => limitOf(group) === limit)?.slice(limit.length + 1);
}
