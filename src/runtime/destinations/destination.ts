import type { AnyJobContract } from '../../contracts/index.ts';
import type { KeyedDigests } from '../../secrets/index.ts';

/** One far side of one queue, by the key under which its state is shared. */
export interface Destination {
  readonly queue: string;
  readonly name: string;
  /** `QUEUE/NAME` */
  readonly key: string;
}

const PLAIN = /^[\w.:[\]-]{1,200}$/;

/** Where a job goes; undefined when its contract names nothing. What is no plain name, or cannot be told, goes by a keyed digest. */
export function destinationOf(contract: AnyJobContract, data: unknown, digests: KeyedDigests): Destination | undefined {
  if (contract.destinationOf === undefined) return undefined;
  let said: string;
  try {
    said = String(contract.destinationOf(data));
  } catch {
    said = '';
  }
  const name = PLAIN.test(said) ? said : `~${digests.of('destination', said).slice(0, 16)}`;
  return { queue: contract.queue, name, key: `${contract.queue}/${name}` };
}
