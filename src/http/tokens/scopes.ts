/** What a token may do with the jobs of one contract. */
export type ScopeKind = 'enqueue' | 'read' | 'cancel';

export const SCOPE_KINDS: readonly ScopeKind[] = ['enqueue', 'read', 'cancel'];

/**
 * `enqueue/welcome-email`. The name is percent-encoded, as `encodeURIComponent` does it, so that one with a `/` in it is no other
 * scope; scopes are compared as whole texts, upper and lower case apart.
 */
export function scopeFor(kind: ScopeKind, contract: string): string {
  return `${kind}/${encodeURIComponent(contract)}`;
}

/** The two parts of a scope, of one that is written as `scopeFor` writes it: any other spelling of the same name is none. */
export function readScope(scope: string): { readonly kind: ScopeKind; readonly contract: string } | undefined {
  const kind = SCOPE_KINDS.find(each => scope.startsWith(`${each}/`));
  if (kind === undefined) return undefined;
  try {
    const contract = decodeURIComponent(scope.slice(kind.length + 1));
    return contract !== '' && scopeFor(kind, contract) === scope ? { kind, contract } : undefined;
  } catch {
    return undefined;
  }
}

export function isScope(scope: string): boolean {
  return readScope(scope) !== undefined;
}
