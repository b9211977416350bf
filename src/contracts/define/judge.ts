import type { Duration } from '../../time/index.ts';
import type { Refuse } from './payload-definition.ts';

/** What each part of a definition is judged with. */
export interface Judge {
  readonly refuse: Refuse;
  /** In milliseconds. @throws InvalidOptionsError that names the contract and the part */
  readonly duration: (value: Duration, part: string) => number;
}
