import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import type { Row } from './compare.ts';
import type { Idle } from './questions/idle.ts';
import type { Lateness, Latency } from './questions/latency.ts';
import type { Spreading, Together } from './questions/several-processes.ts';
import type { WaitsOfOthers } from './questions/waits-of-others.ts';

/** What one run has found: results.json, from which the page and the picture are made. */
export interface Results {
  readonly about: About;
  readonly redis: readonly Row[];
  readonly postgres: readonly Row[];
  readonly latency: readonly Latency[];
  readonly lateness: readonly Lateness[];
  readonly waitsOfOthers: readonly WaitsOfOthers[];
  readonly spreading: readonly Spreading[];
  readonly together: readonly Together[];
  readonly idle: readonly Idle[];
}

export interface About {
  readonly command: string;
  readonly commit: string;
  readonly node: string;
  readonly redis: string;
  readonly postgres: string;
  readonly cores: number;
  readonly rounds: number;
  readonly postgresRounds: number;
  /** How many processes wanted a core when it began, and when it ended: 0 is a quiet machine. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}

export function cores(): number {
  return cpus().length;
}

export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}
