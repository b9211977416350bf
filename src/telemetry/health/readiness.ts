import type { Facts } from '../../facts/index.ts';

/** How the workers of a host stand. */
export interface FleetStanding {
  readonly phase: 'starting' | 'working' | 'draining';
  /** Worker processes that work on every queue, and answer. */
  readonly working: number;
  readonly wanted: number;
}

/** Says why a host is not ready: it starts, it drains, the engine is away, workers are missing. */
export class Readiness {
  readonly #standing: () => FleetStanding;
  #engineAway = false;
  #schedulesStalled = false;

  constructor(facts: Facts, standing: () => FleetStanding) {
    this.#standing = standing;
    facts.on('engine.lost', () => (this.#engineAway = true));
    facts.on('engine.back', () => (this.#engineAway = false));
    facts.on('schedules.stalled', () => (this.#schedulesStalled = true));
    facts.on('schedules.resumed', () => (this.#schedulesStalled = false));
  }

  /** How many worker processes answer, and how many there are to be. */
  workers(): { readonly answering: number; readonly wanted: number } {
    const { working, wanted } = this.#standing();
    return { answering: working, wanted };
  }

  /** Empty when it is ready. */
  reasons(): readonly string[] {
    const { phase, working, wanted } = this.#standing();
    const reasons: string[] = [];
    if (phase === 'starting') reasons.push('The workers are starting.');
    if (phase === 'draining') reasons.push('The workers are stopping and take no new work.');
    if (this.#engineAway) reasons.push('The queue engine cannot be reached.');
    else if (this.#schedulesStalled) reasons.push('No schedule moves: the log says why.');
    if (phase !== 'draining' && working < wanted) reasons.push(`${working} of ${wanted} workers answer.`);
    return reasons;
  }
}
