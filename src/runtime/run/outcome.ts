export type { RunOutcome as Outcome } from '../../contracts/index.ts';
