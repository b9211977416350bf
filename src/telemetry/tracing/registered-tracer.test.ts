import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterEach, expect, test } from 'vitest';
import { registeredTracer } from './registered-tracer.ts';

afterEach(() => trace.disable());

test('without an SDK there is no tracer; with one its spans are exported with the kind that they were given', async () => {
  expect(registeredTracer()).toBeUndefined();
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  await registeredTracer()?.span('smtp.send', undefined, { 'server.address': 'mail' }, async () => 1, 'client');
  // OpenTelemetry's number for a client.
  expect(exporter.getFinishedSpans()).toMatchObject([{ name: 'smtp.send', kind: 2 }]);
  await provider.shutdown();
});
