import {
  functionThrew,
  itemsIn,
  PayloadTooLargeError,
  validatePayload,
  writePayload,
  type AnyJobContract,
  type ChunkPolicy,
} from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';

const BEGIN = '{"items":[';
const END = ']}';
/** What a chunk has beside its items. */
export const CHUNK_BYTES = BEGIN.length + END.length;

/** An item that has passed every check. */
export interface CheckedItem {
  readonly json: string;
  readonly bytes: number;
  /** Only items of one group travel together. */
  readonly group: string;
}

/** @throws InvalidPayloadError, PayloadTooLargeError, InvalidContractError, InvalidOptionsError */
export function checkItem({ item, maxBytes, groupOf }: ChunkPolicy, data: unknown): CheckedItem {
  const output = validatePayload(item, data);
  const json = writePayload(item, data);
  const bytes = Buffer.byteLength(json);
  const most = maxBytes - CHUNK_BYTES;
  if (bytes > most) throw new PayloadTooLargeError(item.name, bytes, most);
  return { json, bytes, group: groupOf === undefined ? '' : groupIn(item.name, groupOf, output) };
}

function groupIn(contract: string, groupOf: NonNullable<ChunkPolicy['groupOf']>, output: unknown): string {
  try {
    return groupOf(output);
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) throw cause;
    throw functionThrew(contract, 'chunk.by', 'it, or destination,', cause);
  }
}

/** The item as it is stored, with what its contract encrypts. @throws PayloadTooLargeError, PayloadKeyMissingError */
export function encryptedItem(
  cipher: PayloadCipher | undefined,
  contract: AnyJobContract,
  { item, maxBytes }: ChunkPolicy,
  checked: CheckedItem,
  data: unknown,
): CheckedItem {
  if (cipher === undefined || contract.encrypt.length === 0) return checked;
  // As a part of a chunk: what was encrypted is bound to where it stands there.
  const json = JSON.stringify(itemsIn(cipher.encrypt(contract, { items: [data] }))[0]);
  const bytes = Buffer.byteLength(json);
  const most = maxBytes - CHUNK_BYTES;
  if (bytes > most) throw new PayloadTooLargeError(item.name, bytes, most);
  return { ...checked, json, bytes };
}

/** The stored data of a chunk: its items are not written a second time. */
export function chunkJson(items: readonly string[]): string {
  return BEGIN + items.join(',') + END;
}
