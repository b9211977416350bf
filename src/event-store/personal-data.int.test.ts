import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../contracts/index.ts';
import { InvalidContractError, InvalidOptionsError, SubjectErasedError } from '../errors/index.ts';
import { collect, openStore, type StoreOfTest } from '../../tests/support/event-store.ts';
import { decrypt, encrypt } from './cipher.ts';
import { defineDecider, on } from './decider.ts';
import { EventStore } from './event-store.ts';
import { personalData } from './personal-data.ts';
import { Repository } from './repository.ts';
import { Snapshots } from './snapshots.ts';

const registered = defineEvent('person.registered', {
  schema: z.object({ personId: z.string(), name: z.string(), born: z.date().nullable(), plan: z.string() }),
});
const sealed = personalData(registered, {
  subject: ({ personId }) => personId,
  erased: { name: 'Erased', born: null },
});
const ada = { personId: 'ada', name: 'Ada Lovelace', born: new Date('1815-12-10'), plan: 'pro' };

let place: StoreOfTest;
let people = 0;
const person = () => ({ ...ada, personId: `ada-${(people += 1)}` });
beforeAll(async () => {
  place = await openStore({ events: [registered], personalData: [sealed] });
});
afterAll(() => place.close());

describe('personal data', () => {
  test('stands sealed in the database and open for readers, dates included', async () => {
    const who = person();
    await place.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    const { rows } = await place.pool.query(`select * from ${place.store.names.event} where stream = $1`, [
      who.personId,
    ]);
    const text = JSON.stringify(rows);
    expect(text).toContain('pro');
    expect(text).not.toContain('Lovelace');
    expect(text).not.toContain('1815');
    const [event] = await collect(place.store.readStream(who.personId));
    expect(event).toMatchObject({ payload: who, problem: undefined });
  });

  test('is erased with its key: for every reader, for ever; what is not personal stays', async () => {
    const who = person();
    await place.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    const elsewhere = new EventStore({ pool: place.pool, events: [registered], personalData: [sealed] });
    await collect(elsewhere.readStream(who.personId));
    await place.store.eraseSubject(who.personId);
    const erased = { ...who, name: 'Erased', born: null };
    expect((await collect(place.store.readStream(who.personId)))[0]).toMatchObject({ payload: erased });
    // Another process may remember the key for a second, and no longer.
    await expect.poll(async () => (await collect(elsewhere.readStream(who.personId)))[0]?.payload).toEqual(erased);
    await expect(place.store.append(who.personId, [registered(who)], { expectedVersion: 1 })).rejects.toThrow(
      SubjectErasedError,
    );
    expect(await place.store.streamVersion(who.personId)).toBe(1);
  });

  test('is erased from snapshots too', async () => {
    const who = person();
    const decider = defineDecider<string, { readonly name: string }>({
      name: 'person',
      initial: { name: '' },
      decide: name => [registered({ ...who, name })],
      evolve: [on(registered, (_, { payload }) => ({ name: payload.name }))],
    });
    const repository = new Repository(place.store, decider, { snapshots: { every: 1, shape: 1 } });
    await repository.execute(who.personId, 'Ada Byron');
    await place.store.eraseSubject(who.personId);
    expect(await repository.load(who.personId)).toEqual({ version: 1, state: { name: 'Erased' } });
    const { rows } = await place.pool.query(`select * from ${place.store.names.snapshot}`);
    expect(JSON.stringify(rows)).not.toContain('Byron');
  });

  test('is not brought back by a snapshot of a state that was read before the erasure', async () => {
    const who = person();
    await place.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    const snapshots = new Snapshots<{ readonly name: string }>(place.store, 'person', { every: 1, shape: 1 });
    await place.store.eraseSubject(who.personId);
    await snapshots.keep(who.personId, { version: 1, state: { name: 'Ada Byron' } });
    expect(await snapshots.find(who.personId, 1)).toBeUndefined();
  });

  test('under a key that does not fit is kept and said to be unreadable', async () => {
    const who = person();
    await place.store.append(who.personId, [registered(who)], { expectedVersion: 0 });
    await place.pool.query(`update ${place.store.names.subjectKey} set key = $2 where subject = $1`, [
      who.personId,
      Buffer.alloc(32, 7),
    ]);
    const other = new EventStore({ pool: place.pool, events: [registered], personalData: [sealed] });
    expect((await collect(other.readStream(who.personId)))[0]?.problem?.kind).toBe('unreadable');
  });

  test('repeated with the same ids is one append, though it is sealed differently each time', async () => {
    const who = person();
    const append = () =>
      place.store.append(who.personId, [registered(who, { id: `${who.personId}-1` })], { expectedVersion: 0 });
    const first = await append();
    expect(await append()).toEqual({ ...first, repeated: true });
  });

  test('of nobody is refused: without a name for the person its key could never be thrown away', async () => {
    const append = place.store.append('nobody', [registered({ ...ada, personId: '' })], { expectedVersion: 0 });
    await expect(append).rejects.toThrow('the subject of an event "person.registered"');
    await expect(place.store.eraseSubject('')).rejects.toThrow(InvalidOptionsError);
    expect(await place.store.streamVersion('nobody')).toBe(0);
  });

  test('is defined once for an event', () => {
    const twice = () => new EventStore({ pool: place.pool, events: [registered], personalData: [sealed, sealed] });
    expect(twice).toThrow(InvalidContractError);
  });
});

describe('the cipher', () => {
  const key = Buffer.alloc(32, 1);
  test('opens what it sealed, for that event alone', () => {
    const secret = encrypt(key, 'geheim \u{1f600}', 'event-1');
    expect(decrypt(key, secret, 'event-1')).toBe('geheim \u{1f600}');
    expect(() => decrypt(key, secret, 'event-2')).toThrow();
    expect(() => decrypt(Buffer.alloc(32, 2), secret, 'event-1')).toThrow();
    const changed = Buffer.from(secret, 'base64');
    changed[30] = (changed[30] ?? 0) ^ 1;
    expect(() => decrypt(key, changed.toString('base64'), 'event-1')).toThrow();
  });

  test('never seals the same text the same way', () => {
    expect(encrypt(key, 'x', 'e')).not.toBe(encrypt(key, 'x', 'e'));
  });
});
