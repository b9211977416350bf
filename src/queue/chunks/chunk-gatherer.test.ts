import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineJob, PayloadTooLargeError } from '../../contracts/index.ts';
import { createIdSource } from '../../time/index.ts';
import type { JobReceipt } from '../store/job-receipt.ts';
import { ChunkGatherer, type GatheredChunk } from './chunk-gatherer.ts';
import { checkItem, chunkJson } from './chunk-item.ts';
import { itemCause } from './chunk-meta.ts';
import { causeOfCall, readyItem } from './chunks.ts';
import { ChunksFullError } from './chunks-full-error.ts';

const schema = z.strictObject({ text: z.string() });

describe('a gatherer', () => {
  /** An engine that acknowledges when it is told to, or at once. */
  function setup({
    maxBytes,
    mostBytes = 10_000_000,
    holds = false,
  }: { readonly maxBytes?: number; readonly mostBytes?: number; readonly holds?: boolean } = {}) {
    const contract = defineJob({
      queue: 'events',
      name: 'seen',
      schema,
      chunk: { maxItems: 100, maxWait: '1m', ...(maxBytes !== undefined && { maxBytes }) },
    });
    const chunks: GatheredChunk[] = [];
    const held: (() => void)[] = [];
    const gatherer = new ChunkGatherer({
      mostBytes,
      async send(chunk): Promise<JobReceipt> {
        chunks.push(chunk);
        if (holds) await new Promise<void>(resolve => held.push(resolve));
        return { id: `job ${chunks.length}`, name: 'seen', queue: 'events', deduplicated: false };
      },
    });
    const add = (text: string, trace?: string): Promise<JobReceipt> =>
      new Promise((stored, failed) => {
        const cause = itemCause(trace, undefined);
        const item = checkItem(contract.chunk, { text });
        const ready = { ...item, contract, chunk: contract.chunk, priority: 1, delayMs: 0, cause };
        gatherer.add(ready, { stored: (_nth, receipt) => stored(receipt), failed });
      });
    return { contract, gatherer, chunks, add, acknowledge: () => held.splice(0).forEach(resolve => resolve()) };
  }

  test('makes no chunk that is larger than it may be, to the byte', async () => {
    const maxBytes = 1_024;
    const { gatherer, chunks, add } = setup({ maxBytes });
    const items = [3, 400, 500, 85, 900, 1_001, 1].map(length => add('é'.repeat(length / 2)));
    await gatherer.flush();
    await Promise.all(items);
    for (const { json } of chunks) expect(Buffer.byteLength(json)).toBeLessThanOrEqual(maxBytes);
    expect(chunks.reduce((all, chunk) => all + chunk.items, 0)).toBe(7);
    // The largest item is alone in a chunk that it fills.
    const most = maxBytes - chunkJson([]).length - '{"text":""}'.length;
    const full = [add('x'.repeat(most)), add('')];
    await gatherer.flush();
    await Promise.all(full);
    expect(chunks.slice(-2).map(({ json }) => Buffer.byteLength(json))).toEqual([maxBytes, 23]);
  });

  test('without maxBytes gathers 120 KiB, and an item of up to 240 KiB travels alone', async () => {
    const { gatherer, chunks, add } = setup();
    const KIB = 1_024;
    const items = [50, 50, 50, 200, 10, 10].map(kib => add('x'.repeat(kib * KIB)));
    await expect(add('x'.repeat(241 * KIB))).rejects.toThrow(PayloadTooLargeError);
    await gatherer.flush();
    await Promise.all(items);
    expect(chunks.map(chunk => chunk.items)).toEqual([2, 1, 1, 2]);
  });

  test('refuses an item where too many wait for the engine, and takes it when they do not any more', async () => {
    const { gatherer, add, acknowledge } = setup({ mostBytes: 600, holds: true });
    const first = [add('a'), add('b'), add('c')];
    await expect(add('d')).rejects.toThrow(ChunksFullError);
    const flushed = gatherer.flush();
    const room = gatherer.room();
    acknowledge();
    await Promise.all([...first, flushed, room]);
    const fourth = add('d');
    void gatherer.flush();
    acknowledge();
    expect(await fourth).toMatchObject({ item: 0 });
  });

  test('a chunk of one trace belongs to it; one of several belongs to none, and is linked to them', async () => {
    const { gatherer, chunks, add } = setup();
    const trace = (digit: string): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
    const sent: Promise<unknown>[] = [];
    for (const traces of [
      ['1', '1'],
      ['1', '2', '3', '2'],
      [undefined, '4'],
    ]) {
      sent.push(...traces.map(each => add('a', each && trace(each))));
      void gatherer.flush();
    }
    await Promise.all(sent);
    expect(chunks.map(({ cause }) => cause.metadata(1))).toEqual([
      trace('1'),
      JSON.stringify({ l: ['1', '2', '3'].map(trace) }),
      JSON.stringify({ l: [trace('4')] }),
    ]);
  });

  test('asks once for what all items of a call follow from; one that has a correlation id of its own keeps it', async () => {
    const { chunks, contract, gatherer } = setup();
    const traceparent = vi.fn<() => string>(() => `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`);
    const context = { ids: createIdSource(), cipher: undefined, traceparent };
    const cause = causeOfCall(context);
    const options = [{ correlationId: 'order-1' }, undefined, { correlationId: 'order-2' }];
    const items = options.map(each => readyItem(context, cause, contract, { text: 'a' }, each));
    expect(items.map(item => item.cause.correlationId)).toEqual(['order-1', undefined, 'order-2']);
    expect(traceparent).toHaveBeenCalledOnce();
    for (const item of items) gatherer.add(item, { stored: () => undefined, failed: () => undefined });
    await gatherer.flush();
    expect(chunks.map(({ cause: { correlationId, traceparent: of } }) => [correlationId, of])).toEqual([
      [undefined, traceparent()],
    ]);
  });
});
