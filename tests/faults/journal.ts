import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultCase } from './case.ts';
import type { Measured } from './trial.ts';

const FILE = fileURLToPath(new URL('../../.shiftwork/faults.jsonl', import.meta.url));

/** Which case, on which engine. */
export interface Row {
  readonly fault: FaultCase;
  readonly kind: 'redis' | 'postgres';
}

/** What one trial found. */
export interface Finding {
  readonly row: string;
  readonly seed: number;
  readonly scale: number;
  readonly measured: Measured;
  readonly wrong: readonly string[];
  readonly tookMs: number;
}

/** Several cases have one number, and a title stands in the table: together they name a row. */
export function nameOf({ fault: { number, title }, kind }: Row): string {
  return `${number} | ${title} | ${kind}`;
}

/** Findings on disk, a line each, so that the long form can be run in parts and a part that is cut short has lost nothing. */
export class Journal {
  readonly #findings: Finding[];

  constructor() {
    const lines = existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n') : [];
    this.#findings = lines.filter(line => line.endsWith('}')).map(line => JSON.parse(line) as Finding);
  }

  of(row: Row, scale: number): readonly Finding[] {
    return this.#findings.filter(each => each.row === nameOf(row) && each.scale === scale);
  }

  write(finding: Finding): void {
    this.#findings.push(finding);
    mkdirSync(dirname(FILE), { recursive: true });
    appendFileSync(FILE, `${JSON.stringify(finding)}\n`);
  }

  /** For a run that begins afresh: what was found of another state of the code says nothing of this one. */
  static forget(): void {
    rmSync(FILE, { force: true });
  }
}
