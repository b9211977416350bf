import { z } from 'zod';
import { defineJob } from '../src/contracts/index.ts';
import { exponential } from '../src/resilience/index.ts';
import { id, line, plainObject } from './fields.ts';

const QUEUE = 'analytics';
/** All events go to one place: when it is sick, they wait there together. */
const destination = (): string => 'sink';
const retry = { attempts: 10, backoff: exponential({ from: '1s', to: '15m' }) } as const;

const EARLIEST = Date.parse('0001-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

/** What PostgreSQL reads as well: one time that it refuses would cost its chunk a second statement. Its form has been checked before. */
const timestamp = z.iso
  .datetime({ offset: true })
  .refine(text => isPlainUtc(text) || inYears(text), { error: 'expected a time in the years 1 to 9999' })
  .refine(text => isPlainUtc(text) || !/[+-](?:1[6-9]|2\d):\d\d$/.test(text), {
    error: 'expected an offset of less than 16 hours',
  });

/** As `toISOString` writes it, which nearly all are: nothing about it has to be computed. A twentieth of what a producer does for an event. */
function isPlainUtc(text: string): boolean {
  return text.endsWith('Z') && !text.startsWith('0000');
}

function inYears(text: string): boolean {
  const at = Date.parse(text);
  return !text.startsWith('0000') && at >= EARLIEST && at <= LATEST;
}

/** The common fields of the Segment spec: https://segment.com/docs/connections/spec/common/ */
const common = {
  /** Identifies the message: a sink keeps the first of several with the same id. */
  messageId: id,
  userId: id.optional(),
  anonymousId: id.optional(),
  /** When it happened, ISO 8601. */
  timestamp,
  context: plainObject.optional(),
  integrations: plainObject.optional(),
};

const someone = (message: { userId?: string | undefined; anonymousId?: string | undefined }): boolean =>
  message.userId !== undefined || message.anonymousId !== undefined;
const SOMEONE = { error: 'expected userId or anonymousId', path: ['userId'] };

const trackFields = { ...common, event: line(200), properties: plainObject.optional() };
const identifyFields = { ...common, traits: plainObject.optional() };

/** Events of many calls travel together; whoever keeps them tells repeated message ids apart. */
const chunk = {
  maxItems: 1_000,
  maxWait: '10ms',
  tags: ({ userId }: { readonly userId?: string | undefined }) => ({ user: userId }),
} as const;

export const track = defineJob({
  queue: QUEUE,
  name: 'track',
  schema: z.strictObject(trackFields).refine(someone, SOMEONE),
  chunk,
  retry,
  timeout: '60s',
  destination,
  expiresAfter: '7d',
  priority: 'low',
  sensitive: ['context', 'properties'],
});

export const identify = defineJob({
  queue: QUEUE,
  name: 'identify',
  schema: z.strictObject(identifyFields).refine(someone, SOMEONE),
  chunk,
  retry,
  timeout: '60s',
  destination,
  expiresAfter: '7d',
  priority: 'low',
  sensitive: ['context', 'traits'],
});

/** How 0.1 put many events into one job: here for those of its jobs that still wait. */
export const trackBatch = defineJob({
  queue: QUEUE,
  name: 'track-batch',
  schema: z.strictObject({
    batch: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({ type: z.literal('track'), ...trackFields }).refine(someone, SOMEONE),
          z.strictObject({ type: z.literal('identify'), ...identifyFields }).refine(someone, SOMEONE),
        ]),
      )
      .min(1)
      .max(500),
  }),
  retry,
  timeout: '60s',
  destination,
  expiresAfter: '7d',
  priority: 'low',
  sensitive: ['batch'],
});
