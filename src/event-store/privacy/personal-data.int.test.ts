import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isOutage } from '../../resilience/index.ts';
import { defineEvent, InvalidContractError } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { KeyRingError } from './key-ring-error.ts';
import { SubjectErasedError } from './subject-erased-error.ts';
import { collect, openStore, type StoreOfTest, tablesOf } from '../../../tests/support/event-store.ts';
import { decrypt, encrypt, KEY_BYTES } from './cipher.ts';
import { defineDecider, on } from '../decide/decider.ts';
import { EventStore, partsOf } from '../event-store.ts';
import type { KeyRing } from './key-ring.ts';
import { personalData, type PersonalData } from './personal-data.ts';
import { Repository } from '../decide/repository.ts';
import { Snapshots } from '../decide/snapshots.ts';

const registered = defineEvent('person.registered', {
  schema: z.object({ personId: z.string(), name: z.string(), born: z.date().nullable(), plan: z.string() }),
});
const encrypted = personalData(registered, {
  subject: ({ personId }) => personId,
  erased: { name: 'Erased', born: null },
});
const renamed = z
  .object({ id: z.string(), email: z.string().optional() })
  .transform(({ id, email }) => ({ id, mail: email }));

/** Keys in the memory of a process. */
function ownRing(): KeyRing {
  const keys = new Map<string, Uint8Array>();
  return {
    async keyFor(subject) {
      const key = keys.get(subject) ?? randomBytes(KEY_BYTES);
      keys.set(subject, key);
      return key;
    },
    find: async subject => keys.get(subject),
    throwAway: async subject => void keys.delete(subject),
  };
}
const ada = { personId: 'ada', name: 'Ada Lovelace', born: new Date('1815-12-10'), plan: 'pro' };

let fixture: StoreOfTest;
let people = 0;
const person = () => ({ ...ada, personId: `ada-${(people += 1)}` });
beforeAll(async () => {
  fixture = await openStore({ events: [registered], personalData: [encrypted] });
});
afterAll(() => fixture.close());

describe('personal data', () => {
  test('stands encrypted in the database and open for readers, dates included', async () => {
    const who = person();
    await fixture.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    const { rows } = await fixture.pool.query(`select * from ${tablesOf(fixture.store).event} where stream = $1`, [
      who.personId,
    ]);
    const text = JSON.stringify(rows);
    expect(text).toContain('pro');
    expect(text).not.toContain('Lovelace');
    expect(text).not.toContain('1815');
    const [event] = await collect(fixture.store.readStream(who.personId));
    expect(event).toMatchObject({ payload: who, problem: undefined });
  });

  test('is erased with its key: for every process once that has resolved, for ever; what is not personal stays', async () => {
    const who = person();
    await fixture.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    const elsewhere = new EventStore({ pool: fixture.pool, events: [registered], personalData: [encrypted] });
    await collect(elsewhere.readStream(who.personId));
    await fixture.store.eraseSubject(who.personId);
    const erased = { ...who, name: 'Erased', born: null };
    for (const store of [fixture.store, elsewhere]) {
      expect((await collect(store.readStream(who.personId)))[0]).toMatchObject({ payload: erased });
      await expect(store.append(who.personId, [registered(who)], { expectedVersion: 1 })).rejects.toThrow(
        SubjectErasedError,
      );
    }
    expect(await fixture.store.streamVersion(who.personId)).toBe(1);
  });

  test('is erased from snapshots too', async () => {
    const who = person();
    const decider = defineDecider<string, { readonly name: string }>({
      name: 'person',
      initial: { name: '' },
      decide: name => [registered({ ...who, name })],
      evolve: [on(registered, (_, { payload }) => ({ name: payload.name }))],
    });
    const repository = new Repository(fixture.store, decider, { snapshots: { every: 1, shape: 1 } });
    await repository.execute(who.personId, 'Ada Byron');
    await fixture.store.eraseSubject(who.personId);
    expect(await repository.load(who.personId)).toEqual({ version: 1, state: { name: 'Erased' } });
    const { rows } = await fixture.pool.query(`select * from ${tablesOf(fixture.store).snapshot}`);
    expect(JSON.stringify(rows)).not.toContain('Byron');
  });

  test.each([
    ["the store's own", undefined],
    ['any other', ownRing()],
  ])('is not brought back by a snapshot of a state that was read before the erasure: %s key ring', async (_, keys) => {
    const who = person();
    const store = new EventStore({
      pool: fixture.pool,
      events: [registered],
      personalData: [encrypted],
      ...(keys !== undefined && { keys }),
    });
    await store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    const snapshots = new Snapshots<{ readonly name: string }>(partsOf(store), 'person', { every: 1, shape: 1 });
    await store.eraseSubject(who.personId);
    await snapshots.keep(who.personId, { version: 1, state: { name: 'Ada Byron' } });
    expect(await snapshots.find(who.personId, 1)).toBeUndefined();
    await store.settle();
  });

  test('that was erased is readable after an upgrade that gives its fields other names', async () => {
    const old = defineEvent('member.joined', { schema: z.object({ id: z.string(), email: z.string() }) });
    const today = defineEvent('member.joined', {
      version: 2,
      schema: z.object({ id: z.string(), mail: z.string() }),
      upgrade: { 1: data => renamed.parse(data) },
    });
    const before = new EventStore({
      pool: fixture.pool,
      events: [old],
      personalData: [personalData(old, { subject: ({ id }) => id, erased: { email: '-' } })],
    });
    const after = new EventStore({
      pool: fixture.pool,
      events: [today],
      personalData: [personalData(today, { subject: ({ id }) => id, erased: { mail: 'erased' } })],
    });
    const id = person().personId;
    await before.append(id, [old({ id, email: 'ada@example.com' })], { expectedVersion: 0 });
    const read = async () => (await collect(after.readStream(id)))[0];
    expect(await read()).toMatchObject({ payload: { id, mail: 'ada@example.com' }, problem: undefined });
    await after.eraseSubject(id);
    expect(await read()).toMatchObject({ payload: { id, mail: 'erased' }, problem: undefined });
    await before.settle();
  });

  test('under a key that does not fit is kept and said to be unreadable', async () => {
    const who = person();
    await fixture.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    await fixture.pool.query(`update ${tablesOf(fixture.store).subjectKey} set key = $2 where subject = $1`, [
      who.personId,
      Buffer.alloc(32, 7),
    ]);
    const other = new EventStore({ pool: fixture.pool, events: [registered], personalData: [encrypted] });
    expect((await collect(other.readStream(who.personId)))[0]?.problem?.kind).toBe('unreadable');
  });

  describe('whose keys are in a ring of the app', () => {
    const refusals: readonly [string, () => unknown][] = [
      [
        'that answers 503 with the word "invalid"',
        () => {
          throw new Error('503 Service Unavailable: invalid upstream');
        },
      ],
      ['that fails as an Unsupported state', () => Promise.reject(new Error('Unsupported state'))],
      ['that rejects with no error', () => Promise.reject('Invalid')],
      ['that answers with a short key', () => randomBytes(16)],
      ['that answers with a text', () => 'x'.repeat(KEY_BYTES)],
    ];
    test.each(refusals)('%s, is an outage of the ring and no fault of the event', async (_, answer) => {
      const ring = ownRing();
      let away = false;
      const keys: KeyRing = {
        ...ring,
        // As one in plain JavaScript, which throws at once and answers with anything.
        find: subject => (away ? (answer() as Promise<undefined>) : ring.find(subject)),
        keyFor: subject => (away ? (answer() as Promise<Uint8Array>) : ring.keyFor(subject)),
      };
      const store = new EventStore({ pool: fixture.pool, events: [registered], personalData: [encrypted], keys });
      const who = person();
      await store.append(who.personId, [registered(who)], { expectedVersion: 0 });
      away = true;
      const read = await collect(store.readStream(who.personId)).catch((error: unknown) => error);
      expect(read).toBeInstanceOf(KeyRingError);
      expect(isOutage(read)).toBe(true);
      await expect(store.append(who.personId, [registered(who)], { expectedVersion: 1 })).rejects.toMatchObject({
        code: 'KEY_RING_UNAVAILABLE',
      });
      away = false;
      expect(await collect(store.readStream(who.personId))).toMatchObject([{ payload: who, problem: undefined }]);
    });
  });

  test('repeated with the same ids is one append, though it is encrypted differently each time', async () => {
    const who = person();
    const append = () =>
      fixture.store.append(who.personId, [registered(who, { id: `${who.personId}-1` })], { expectedVersion: 0 });
    const first = await append();
    expect(await append()).toEqual({ ...first, repeated: true });
  });

  test('of nobody is refused: without a name for the person its key could never be thrown away', async () => {
    const append = fixture.store.append('nobody', [registered({ ...ada, personId: '' })], { expectedVersion: 0 });
    await expect(append).rejects.toThrow('the subject of an event "person.registered"');
    await expect(fixture.store.eraseSubject('')).rejects.toThrow(InvalidOptionsError);
    expect(await fixture.store.streamVersion('nobody')).toBe(0);
  });

  test('is defined once for an event', () => {
    const twice = () =>
      new EventStore({ pool: fixture.pool, events: [registered], personalData: [encrypted, encrypted] });
    expect(twice).toThrow(InvalidContractError);
  });

  test("of a contract that is not the store's, or without a field, is refused: it would be kept in the clear", () => {
    const other = defineEvent('person.registered', { schema: z.object({ personId: z.string(), mail: z.string() }) });
    const make = (data: PersonalData) => () =>
      new EventStore({ pool: fixture.pool, events: [registered], personalData: [data] });
    const subject = ({ personId }: { readonly personId: string }) => personId;
    expect(make(personalData(other, { subject, erased: { mail: '-' } }))).toThrow('no event of the store');
    expect(make(personalData(registered, { subject, erased: {} }))).toThrow('to name a field in erased, got none');
  });
});

describe('the cipher', () => {
  const key = Buffer.alloc(32, 1);
  test('opens what it encrypted, for that event alone', () => {
    const secret = encrypt(key, 'geheim \u{1f600}', 'event-1');
    expect(decrypt(key, secret, 'event-1')).toBe('geheim \u{1f600}');
    expect(() => decrypt(key, secret, 'event-2')).toThrow();
    expect(() => decrypt(Buffer.alloc(32, 2), secret, 'event-1')).toThrow();
    const changed = Buffer.from(secret, 'base64');
    changed[30] = (changed[30] ?? 0) ^ 1;
    expect(() => decrypt(key, changed.toString('base64'), 'event-1')).toThrow();
  });

  test('never encrypts the same text the same way', () => {
    expect(encrypt(key, 'x', 'e')).not.toBe(encrypt(key, 'x', 'e'));
  });
});
