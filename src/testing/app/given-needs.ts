import type { AnyResource, App, Needs, ValuesOf } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';

/** What handlers get in place of the real resources: by the name under which they ask for it, or by the resource itself. */
export type GivenNeeds<N extends Needs> = ValuesOf<N> | ReadonlyMap<AnyResource, unknown>;

/**
 * The values of each handler's needs, by contract.
 * @throws InvalidOptionsError that names everything that is missing at once
 */
export function needsByContract(
  app: App,
  given: GivenNeeds<Needs>,
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const missing = new Map<string, string[]>();
  const byContract = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { contract, needs } of app.handlers.values()) {
    const own: Record<string, unknown> = {};
    for (const [name, resource] of Object.entries(needs)) {
      const value = valueOf(given, name, resource);
      if (value === undefined) missing.set(name, [...(missing.get(name) ?? []), contract.name]);
      own[name] = value;
    }
    byContract.set(contract.name, own);
  }
  if (missing.size === 0) return byContract;
  const list = [...missing].map(([name, jobs]) => `"${name}" (of ${jobs.map(job => `"${job}"`).join(', ')})`);
  throw new InvalidOptionsError(
    `Expected createTestApp() to get what the handlers need, found nothing for ${list.join(', ')}; give { needs: { ${[...missing.keys()].join(', ')} } }.`,
  );
}

function valueOf(given: GivenNeeds<Needs>, name: string, resource: AnyResource): unknown {
  if (given instanceof Map) return given.get(resource);
  return Object.hasOwn(given, name) ? Reflect.get(given, name) : undefined;
}
