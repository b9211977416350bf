import {
  decodeAtOnce,
  decodePayload,
  reviveDates,
  type AnyEventContract,
  type EventEnvelope,
} from '../contracts/index.ts';
import type { ArrivedEvent } from './cloud-event.ts';

export type Opening =
  | { readonly kind: 'envelope'; readonly envelope: EventEnvelope }
  | { readonly kind: 'newer-version'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What a subscriber gets of what arrived: dates back, upgraded to the contract's version, validated. Never throws. */
export async function openEvent(contract: AnyEventContract, arrived: ArrivedEvent): Promise<Opening> {
  const data = reviveDates(arrived.data, arrived.dates);
  const atOnce = decodeAtOnce(contract, arrived.version, data);
  if (atOnce !== undefined) return { kind: 'envelope', envelope: envelopeOf(contract, arrived, atOnce.data) };
  const decoded = await decodePayload(contract, arrived.version, data);
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
