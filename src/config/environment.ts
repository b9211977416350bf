import { InvalidConfigError } from './invalid-config-error.ts';
import { parseUrl, type UrlOptions } from './parse-url.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads variables and collects every fault, so that a start reports all of them at once.
 *
 * Use: read each value, then call `check()`. A reader that met a fault returns its fallback or a
 * harmless value; nothing may be built from it before `check()` has passed. An empty variable counts as unset.
 * A message names the variable and what was expected; values of secrets and URLs are never repeated.
 */
export class Environment {
  readonly #variables: Variables;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  /** States a fault; the same one from two readers is one. */
  problem(text: string): void {
    if (!this.#problems.includes(text)) this.#problems.push(text);
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** States what works and should not stay so. */
  warning(text: string): void {
    if (!this.#warnings.includes(text)) this.#warnings.push(text);
  }

  has(name: string): boolean {
    return this.#raw(name) !== undefined;
  }

  string(name: string): string | undefined;
  string(name: string, fallback: string): string;
  string(name: string, fallback?: string): string | undefined {
    return this.#raw(name) ?? fallback;
  }

  /** Like `string`, but unset is a fault. `why` completes "... is needed by". */
  required(name: string, why: string): string {
    const value = this.#raw(name);
    if (value === undefined) this.problem(`Expected ${name} to be set: it is needed by ${why}.`);
    return value ?? '';
  }

  integer(name: string, options: { readonly min: number; readonly max: number }): number | undefined;
  integer(name: string, options: { readonly min: number; readonly max: number; readonly fallback: number }): number;
  integer(
    name: string,
    { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback?: number },
  ): number | undefined {
    const raw = this.#raw(name);
    if (raw === undefined) return fallback;
    const value = Number(raw);
    if (/^-?\d+$/.test(raw) && value >= min && value <= max) return value;
    this.problem(`Expected ${name} to be an integer from ${min} to ${max}, got "${shown(raw)}".`);
    return fallback;
  }

  oneOf<const Value extends string>(name: string, values: readonly Value[], fallback: NoInfer<Value>): Value {
    const raw = this.#raw(name);
    if (raw === undefined) return fallback;
    const found = values.find(value => value === raw);
    if (found !== undefined) return found;
    this.problem(`Expected ${name} to be one of ${values.join(', ')}, got "${shown(raw)}".`);
    return fallback;
  }

  url(name: string, options: UrlOptions): URL | undefined {
    const raw = this.#raw(name);
    if (raw === undefined) return undefined;
    const { url, problems = [] } = parseUrl(name, raw, options);
    for (const problem of problems) this.problem(problem);
    return url;
  }

  /** A comma-separated list; empty items are dropped. */
  list(name: string): readonly string[] | undefined {
    const raw = this.#raw(name);
    if (raw === undefined) return undefined;
    return raw
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '');
  }

  /** @throws InvalidConfigError with every fault met so far */
  check(): void {
    if (this.#problems.length > 0) throw new InvalidConfigError(this.#problems);
  }

  #raw(name: string): string | undefined {
    const value = this.#variables[name]?.trim();
    return value === '' ? undefined : value;
  }
}

function shown(raw: string): string {
  return raw.length > 40 ? `${raw.slice(0, 40)}...` : raw;
}
