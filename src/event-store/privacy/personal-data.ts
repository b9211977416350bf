import { type AnyEventContract, type EventContract, InvalidContractError } from '../../contracts/index.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { decrypt, encrypt } from './cipher.ts';
import { requireIdText } from '../schema/id-text.ts';
import type { KeyRing } from './key-ring.ts';
import type { Sql } from '../schema/sql.ts';

/** Which fields of an event are about a person, and what stands there once that person is erased. */
export interface PersonalData {
  readonly contract: AnyEventContract;
  /** The person's id, from the payload as it was given. */
  readonly subject: (payload: unknown) => string;
  /**
   * Top-level field -> what readers get after the erasure; it must fit the schema. In an event of an older version it stands before the
   * upgrade and again after it: a step meets an erased event without the fields that were named otherwise then.
   */
  readonly erased: Readonly<Record<string, unknown>>;
}

/** Says which fields of an event are encrypted with the key of which person. */
export function personalData<Schema extends StandardSchemaV1>(
  contract: EventContract<Schema>,
  definition: {
    readonly subject: (payload: StandardSchemaV1.InferInput<Schema>) => string;
    readonly erased: Partial<StandardSchemaV1.InferInput<Schema>>;
  },
): PersonalData {
  return {
    contract,
    // Called with a payload that the contract's schema has accepted.
    subject: payload => definition.subject(payload as StandardSchemaV1.InferInput<Schema>),
    erased: { ...(definition.erased as Readonly<Record<string, unknown>>) },
  };
}

/** What an event's encrypted part looks like in the store. */
export interface EncryptedParts {
  /** The payload without the fields that were encrypted. */
  readonly payload: string;
  readonly subject: string;
  readonly encrypted: string;
}

/** Encrypts personal fields before they are stored, and opens them for readers while the key is there. */
export class PersonalDataVault {
  readonly #byType: ReadonlyMap<string, PersonalData>;
  readonly #keys: KeyRing;

  /** @throws InvalidContractError when an event is named twice, is not the store's own, or has no field to encrypt */
  constructor(definitions: readonly PersonalData[], contracts: ReadonlyMap<string, AnyEventContract>, keys: KeyRing) {
    const byType = new Map<string, PersonalData>();
    for (const definition of definitions) {
      const { name } = definition.contract;
      if (byType.has(name))
        throw new InvalidContractError(
          `Expected personal data of an event to be defined once, got two definitions for "${name}".`,
        );
      // One of the same name may have other fields: those of the store's would be kept in the clear.
      if (contracts.get(name) !== definition.contract) {
        throw new InvalidContractError(
          `Personal data is defined for "${name}", which is no event of the store, or another contract of that name.`,
        );
      }
      if (Object.keys(definition.erased).length === 0) {
        throw new InvalidContractError(
          `Expected personal data of the event "${name}" to name a field in erased, got none: nothing would be encrypted.`,
        );
      }
      byType.set(name, definition);
    }
    this.#byType = byType;
    this.#keys = keys;
  }

  /** Those of events of that type that are encrypted. */
  fieldsOf(type: string): readonly string[] {
    return Object.keys(this.#byType.get(type)?.erased ?? {});
  }

  /** Undefined for an event without personal data. */
  encrypt(
    contract: AnyEventContract,
    eventId: string,
    payload: unknown,
    json: string,
  ): Promise<EncryptedParts> | undefined {
    const definition = this.#byType.get(contract.name);
    return definition === undefined ? undefined : this.#encrypt(definition, eventId, payload, json);
  }

  async #encrypt(definition: PersonalData, eventId: string, payload: unknown, json: string): Promise<EncryptedParts> {
    const subject = requireIdText(definition.subject(payload), `the subject of an event "${definition.contract.name}"`);
    const open: Record<string, unknown> = {};
    const secret: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(JSON.parse(json) as object)) {
      const target = Object.hasOwn(definition.erased, field) ? secret : open;
      Object.defineProperty(target, field, { value, enumerable: true, configurable: true, writable: true });
    }
    const key = await this.#keys.keyFor(subject);
    return {
      payload: JSON.stringify(open),
      subject,
      encrypted: encrypt(key, JSON.stringify(secret), eventId),
    };
  }

  /**
   * Puts what was encrypted back into the payload. `erased`: `erasedOf` stands for it now. `unfit`: it was encrypted with another key, or for another
   * event. Rejects with what the ring says while it does not answer.
   */
  async open(
    eventId: string,
    payload: unknown,
    subject: string,
    encrypted: string,
    sql?: Sql,
  ): Promise<object | 'erased' | 'unfit'> {
    const key = await this.#keys.find(subject, sql);
    if (key === undefined) return 'erased';
    try {
      const secret: unknown = JSON.parse(decrypt(key, encrypted, eventId));
      return { ...(payload as object), ...(secret as object) };
    } catch {
      return 'unfit';
    }
  }

  /** What readers get in place of encrypted fields whose key was thrown away. */
  erasedOf(type: string): Readonly<Record<string, unknown>> {
    return this.#byType.get(type)?.erased ?? {};
  }

  /** From now on nobody reads what was encrypted for that person. */
  async erase(subject: string): Promise<void> {
    await this.#keys.throwAway(subject);
  }
}
