import type { TransportListener, TransportSubscription } from '../../transport.ts';
import type { RedisLink } from './link.ts';
import type { Refusals } from './refusals.ts';
import type { StreamLetters } from './stream-letters.ts';

/** What a consumer of a group is made of. */
export interface StreamGroupParts {
  readonly link: RedisLink;
  readonly key: string;
  readonly group: string;
  /** Unique among all processes. */
  readonly consumer: string;
  readonly subscription: TransportSubscription;
  readonly letters: StreamLetters;
  readonly listener: TransportListener | undefined;
  /** For each thing that goes on behind the subscription. */
  readonly refusals: () => Refusals;
  /** A delivery that shows no sign of life for so long is claimed by another consumer. */
  readonly claimAfterMs: number;
  /** How often lag and trimming are looked at. */
  readonly inspectEveryMs: number;
}
