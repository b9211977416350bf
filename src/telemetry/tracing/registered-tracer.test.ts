import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterEach, expect, test } from 'vitest';
import { loadTracer } from './load-tracer.ts';
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

test('whoever loads a tracer gets the one of the SDK that is registered, and none where nothing is', async () => {
  const provider = new NodeTracerProvider();
  trace.setGlobalTracerProvider(provider);
  expect(await loadTracer()).toBeDefined();
  trace.disable();
  expect(await loadTracer()).toBeUndefined();
  await provider.shutdown();
});
