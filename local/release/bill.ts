interface Component {
  readonly 'bom-ref': string;
}

/** What of CycloneDX is read here; the rest goes along as it is. */
export interface Bill {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** A package as package-lock.json has it, by its place. */
export interface Locked {
  readonly version?: string;
  /** Of a workspace: where it stands. */
  readonly link?: boolean;
  readonly resolved?: string;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/**
 * The bill of the package `name`: itself, and what comes along when it is installed. What npm writes for a workspace is of the
 * root, under the name of the folder that it was checked out into; and npm's own choice without dependencies for development lacks what one of those needs too.
 */
export function billOf(bill: Bill, name: string, lock: Readonly<Record<string, Locked>>): Bill {
  const own = bill.components.find(({ 'bom-ref': ref }) => nameOf(ref) === name);
  if (own === undefined) throw new Error(`Expected ${name} in the bill that npm writes for it, found none.`);
  const along = reached(bill, own['bom-ref'], lock);
  return {
    ...bill,
    metadata: { ...bill.metadata, component: own },
    components: bill.components.filter(component => component !== own && along.has(component['bom-ref'])),
    dependencies: bill.dependencies
      .filter(({ ref }) => along.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(each => along.has(each)) })),
  };
}

/** Everything that comes along when it is installed, without peers that nobody has to install. */
function reached({ dependencies }: Bill, from: string, lock: Readonly<Record<string, Locked>>): ReadonlySet<string> {
  const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const locked = new Map(
    Object.entries(lock).map(([place, entry]) => {
      const each = entry.link === true ? lock[entry.resolved ?? ''] : entry;
      return [`${place.replace(/^.*node_modules\//, '')}@${each?.version}`, each];
    }),
  );
  const found = new Set([from]);
  for (const ref of found) {
    const peers = locked.get(ref)?.peerDependenciesMeta;
    for (const next of edges.get(ref) ?? []) if (peers?.[nameOf(next)]?.optional !== true) found.add(next);
  }
  return found;
}

/** `@scope/name@1.2.3` -> `@scope/name` */
function nameOf(ref: string): string {
  return ref.replace(/(?!^)@[^@]*$/, '');
}
