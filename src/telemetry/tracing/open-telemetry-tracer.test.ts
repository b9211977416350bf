import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { describe, expect, test } from 'vitest';
import { openTelemetryTracer } from './open-telemetry-tracer.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('spans by OpenTelemetry', () => {
  test('continue the trace that came over the wire, nest, and end with an error where the work did', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = openTelemetryTracer(provider.getTracer('test'));
    const outer = await tracer.span('event.handle.user.registered', PARENT, { 'event.id': 'e' }, async handling => {
      const inner = await tracer.span('event.publish.mail.sent', handling, {}, async publishing => publishing);
      return { handling, inner };
    });
    const failing = tracer.span('event.handle.user.updated', undefined, {}, async () => {
      throw new TypeError('ada@example.com');
    });
    await expect(failing).rejects.toThrow('ada@example.com');
    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ name }) => name)).toEqual([
      'event.publish.mail.sent',
      'event.handle.user.registered',
      'event.handle.user.updated',
    ]);
    const [publish, handle, failed] = spans;
    expect(handle?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(handle?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(publish?.parentSpanContext?.spanId).toBe(handle?.spanContext().spanId);
    expect(outer.inner).toContain(publish?.spanContext().spanId);
    expect(outer.handling).toContain(handle?.spanContext().spanId);
    expect(failed?.status).toEqual({ code: 2, message: 'TypeError' });
    await provider.shutdown();
  });

  test('without an SDK trace context flows all the same', async () => {
    const tracer = openTelemetryTracer();
    const child = await tracer.span('event.publish.x', PARENT, {}, async traceparent => traceparent);
    expect(child).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(child).not.toBe(PARENT);
    const root = await tracer.span('event.publish.x', undefined, {}, async traceparent => traceparent);
    expect(root).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/);
  });
});
