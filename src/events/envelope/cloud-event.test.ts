import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { causedBy } from '../../tracing/index.ts';
import { defineEvent, type EventRequest } from '../../contracts/index.ts';
import { createIdSource } from '../../time/index.ts';
import { arrivedOf, readCloudEvent, writeCloudEvent } from './cloud-event.ts';
import { openEvent } from './open-event.ts';
import { stampEvent } from './stamp-event.ts';

const ids = createIdSource();
const orderPlaced = defineEvent('order.placed', {
  version: 2,
  schema: z.object({ orderId: z.string(), at: z.date(), total: z.number().default(0) }),
  upgrade: { 1: old => ({ ...z.looseObject({}).parse(old), orderId: 'upgraded' }) },
});
const at = new Date('2026-03-01T10:00:00.250Z');
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a CloudEvent', () => {
  test('carries everything over the wire, dates as dates, and is what the specification wants', async () => {
    const request = orderPlaced(
      { orderId: 'o-1', at },
      { id: 'e-1', timestamp: at, correlationId: 'c', causationId: 'k', userId: 'u' },
    );
    const text = writeCloudEvent(await stampEvent(request, ids, TRACE), 'urn:shop');
    expect(JSON.parse(text)).toEqual({
      specversion: '1.0',
      id: 'e-1',
      source: 'urn:shop',
      type: 'order.placed',
      time: '2026-03-01T10:00:00.250Z',
      datacontenttype: 'application/json',
      schemaversion: 2,
      correlationid: 'c',
      causationid: 'k',
      userid: 'u',
      traceparent: TRACE,
      datefields: '["/at"]',
      data: { orderId: 'o-1', at: '2026-03-01T10:00:00.250Z' },
    });
    // Names of attributes: lower-case letters and digits, at most 20 of them; values are scalars.
    const { data: _, ...attributes } = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    expect(Object.keys(attributes).filter(name => !/^[a-z0-9]{1,20}$/.test(name))).toEqual([]);
    expect(Object.values(attributes).filter(value => typeof value === 'object')).toEqual([]);

    const reading = readCloudEvent(text);
    if (reading.kind !== 'event') throw new Error(reading.reason);
    expect(openEvent(orderPlaced, reading.event)).toEqual({
      kind: 'envelope',
      envelope: {
        id: 'e-1',
        type: 'order.placed',
        version: 2,
        timestamp: at,
        payload: { orderId: 'o-1', at, total: 0 },
        metadata: { correlationId: 'c', causationId: 'k', userId: 'u', traceparent: TRACE },
      },
    });
  });

  test.each([undefined, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'broken'])(
    'that stays in its process is what it would be behind the wire (trace %s)',
    traceparent => {
      const moment = defineEvent('moment.noted', { schema: z.object({ at: z.date(), what: z.string().optional() }) });
      const stamped = stampEvent(moment({ at: new Date(5), what: undefined }), createIdSource(), traceparent);
      const reading = readCloudEvent(writeCloudEvent(stamped, 'urn:test'));
      expect(reading).toEqual({ kind: 'event', event: arrivedOf(stamped) });
    },
  );

  test('says where it stands in an event store, all of it or nothing', async () => {
    const stored = { stream: 'order-1', streamVersion: 3, position: 5_000_000_000 };
    const stamped = await stampEvent(orderPlaced({ orderId: 'o-1', at }), ids, undefined);
    const text = writeCloudEvent({ ...stamped, metadata: { ...stamped.metadata, stored } }, 'urn:shop');
    const attributes = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
    expect(Object.values(attributes).filter(value => typeof value === 'number' && value > 2 ** 31)).toEqual([]);
    const storedIn = (changes: object): unknown => {
      const reading = readCloudEvent(JSON.stringify({ ...attributes, ...changes }));
      return reading.kind === 'event' ? reading.event.metadata.stored : reading.reason;
    };
    expect(storedIn({})).toEqual(stored);
    for (const other of [{ position: 'left' }, { position: '-1' }, { streamversion: 3 }, { stream: 'a\nb' }]) {
      expect(storedIn(other)).toBeUndefined();
    }
  });

  test('of an older version is upgraded, of a newer one is told apart from one that fits no version', async () => {
    const event = (version: number, data: unknown) => ({
      id: 'e',
      type: 'order.placed',
      version,
      timestamp: at,
      metadata: { correlationId: 'c', causationId: undefined, userId: undefined, traceparent: undefined },
      data,
      dates: ['/at'],
    });
    const iso = at.toISOString();
    expect(openEvent(orderPlaced, event(1, { at: iso }))).toMatchObject({
      envelope: { version: 2, payload: { orderId: 'upgraded', at } },
    });
    expect(openEvent(orderPlaced, event(3, {}))).toMatchObject({ kind: 'newer-version' });
    expect(openEvent(orderPlaced, event(2, { at: 'no date' }))).toMatchObject({ kind: 'unreadable' });
  });

  const good = {
    specversion: '1.0',
    id: 'e',
    source: 's',
    type: 'order.placed',
    time: '2026-03-01T10:00:00Z',
    data: {},
  };

  test.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['another version of the specification', JSON.stringify({ ...good, specversion: '0.3' })],
    ['no id', JSON.stringify({ ...good, id: undefined })],
    ['a number as id', JSON.stringify({ ...good, id: 7 })],
    ['control characters in the id', JSON.stringify({ ...good, id: 'a\nb' })],
    ['no source', JSON.stringify({ ...good, source: '' })],
    ['no type', JSON.stringify({ ...good, type: undefined })],
    ['no time', JSON.stringify({ ...good, time: undefined })],
    ['a time without offset', JSON.stringify({ ...good, time: '2026-03-01T10:00:00' })],
    ['a time that is none', JSON.stringify({ ...good, time: '2026-13-41T10:00:00Z' })],
    ['another content type', JSON.stringify({ ...good, datacontenttype: 'text/xml' })],
    ['binary data', JSON.stringify({ ...good, data: undefined, data_base64: 'AA==' })],
    ['no data', JSON.stringify({ ...good, data: undefined })],
    ['a broken version', JSON.stringify({ ...good, schemaversion: 'two' })],
    ['broken places of dates', JSON.stringify({ ...good, datefields: '[7]' })],
    ['a text without end', `"${'x'.repeat(400_000)}"`],
  ])('is refused with %s', (_what, text) => {
    expect(readCloudEvent(text)).toEqual({ kind: 'unreadable', reason: expect.any(String) });
  });

  test('of a stranger without our extensions is read: correlation is its id, and a broken trace is none', () => {
    expect(readCloudEvent(JSON.stringify({ ...good, traceparent: 'broken', other: 1 }))).toMatchObject({
      kind: 'event',
      event: { version: 1, metadata: { correlationId: 'e', traceparent: undefined } },
    });
  });
});

describe('stamping', () => {
  test('gives ids that sort by time, and takes correlation, cause and user from what runs', async () => {
    const first = await stampEvent(orderPlaced({ orderId: 'o', at }), ids, undefined);
    const cause = { correlationId: 'c', causationId: 'job-1', userId: 'u', traceparent: TRACE };
    const second = await causedBy(cause, () => stampEvent(orderPlaced({ orderId: 'o', at }), ids, TRACE));
    expect(second.id > first.id).toBe(true);
    expect(first.metadata).toEqual({
      correlationId: first.id,
      causationId: undefined,
      userId: undefined,
      traceparent: undefined,
    });
    expect(second.metadata).toEqual(cause);
  });

  test('refuses a payload that does not fit, one that is too large, and options that are wrong', async () => {
    // It answers at once where the schema does.
    const stamping = async (request: EventRequest) => stampEvent(request, ids, undefined);
    // @ts-expect-error wrong on purpose
    await expect(stamping(orderPlaced({ orderId: 7, at }))).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
    });
    const large = orderPlaced({ orderId: 'x'.repeat(300_000), at });
    await expect(stamping(large)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    for (const options of [{ id: '' }, { userId: 'a\nb' }, { timestamp: new Date(Number.NaN) }, { other: 'x' }]) {
      await expect(stamping(orderPlaced({ orderId: 'o', at }, options))).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
      });
    }
  });
});
