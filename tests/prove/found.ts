import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('found.json', import.meta.url));

/** What all runs of one check came to. */
export interface Tally {
  /** How often it was run. */
  readonly histories: number;
  /** Of these, how many had a seed of their own: a test without one is the same history again. */
  readonly seeds: number;
  readonly violations: number;
}

export interface Violation {
  readonly check: string;
  /** The command that repeats it. */
  readonly repeat: string;
  readonly what: string;
  /** The state of the code that it was found in. */
  readonly commit: string;
  /** Written by whoever mended it. */
  readonly mendedBy?: string;
}

interface Found {
  readonly tallies: Readonly<Record<string, Tally>>;
  readonly violations: readonly Violation[];
}

/** What the runs found, kept in the repository: the page is written from it. */
export class FoundSoFar {
  #found: Found;

  constructor(file = FILE) {
    this.#found = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Found)
      : { tallies: {}, violations: [] };
  }

  of(check: string): Tally {
    return this.#found.tallies[check] ?? { histories: 0, seeds: 0, violations: 0 };
  }

  violationsOf(checks: readonly string[]): readonly Violation[] {
    return this.#found.violations.filter(({ check }) => checks.includes(check));
  }

  add(check: string, { seeded, violation }: { readonly seeded: boolean; readonly violation?: Violation }): void {
    const { histories, seeds, violations } = this.of(check);
    const tally = {
      histories: histories + 1,
      seeds: seeds + (seeded ? 1 : 0),
      violations: violations + (violation === undefined ? 0 : 1),
    };
    this.#found = {
      tallies: { ...this.#found.tallies, [check]: tally },
      violations: violation === undefined ? this.#found.violations : [...this.#found.violations, violation],
    };
  }

  save(): void {
    const tallies = Object.fromEntries(
      Object.entries(this.#found.tallies).toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })),
    );
    writeFileSync(FILE, `${JSON.stringify({ ...this.#found, tallies }, null, 2)}\n`);
  }
}
