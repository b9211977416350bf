import type { EventRequest } from '../../contracts/index.ts';
import type { ExpectedVersion } from './expected-version.ts';

/** Events for one stream. */
export interface StreamAppend {
  readonly stream: string;
  readonly events: readonly EventRequest[];
  readonly expectedVersion: ExpectedVersion;
}
