import { decodePayload, reviveDates, type AnyEventContract, type EventEnvelope } from '../../contracts/index.ts';
import type { ArrivedEvent } from './cloud-event.ts';

export type Opening =
  | { readonly kind: 'envelope'; readonly envelope: EventEnvelope }
  | { readonly kind: 'newer-version'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What a subscriber gets of what arrived: dates back, upgraded to the contract's version, validated. Never throws. */
export function openEvent(contract: AnyEventContract, arrived: ArrivedEvent): Opening {
  const decoded = decodePayload(contract, arrived.version, reviveDates(arrived.data, arrived.dates));
  switch (decoded.kind) {
    case 'data':
      return { kind: 'envelope', envelope: envelopeOf(contract, arrived, decoded.data) };
    case 'newer-version':
      return {
        kind: 'newer-version',
        reason: `it is version ${decoded.version}, this release knows up to ${contract.version}; deploy the newer one`,
      };
    case 'unreadable':
      return { kind: 'unreadable', reason: decoded.detail };
    default:
      return decoded satisfies never;
  }
}

function envelopeOf(contract: AnyEventContract, arrived: ArrivedEvent, payload: unknown): EventEnvelope {
  const { id, type, timestamp, metadata } = arrived;
  return Object.freeze({ id, type, version: contract.version, timestamp, payload, metadata: Object.freeze(metadata) });
}
