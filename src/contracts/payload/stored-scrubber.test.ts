import { describe, expect, test } from 'vitest';
import { createStoredScrubber } from './stored-scrubber.ts';

describe('createStoredScrubber', () => {
  const contract = {
    sensitive: ['email'],
    version: 2,
    upgrade: {
      1: (old: unknown) => {
        // In place, as some steps are written.
        const data = old as Record<string, unknown>;
        data['email'] = `<${String(data['mail'])}>`;
        delete data['mail'];
        return data;
      },
    },
  };

  test('of an older version every value is removed, and what the upgrade makes of it, whose steps may work in place', () => {
    const data = { mail: 'bob@example.com', city: 'Paris' };
    const scrub = createStoredScrubber(contract, { version: 1, data });
    expect(scrub('no <bob@example.com>, no bob@example.com in Paris')).toBe(
      'no [redacted], no [redacted] in [redacted]',
    );
    expect(data).toEqual({ mail: 'bob@example.com', city: 'Paris' });
  });

  test('a step that answers later, and fails, ends nothing', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const later = { ...contract, upgrade: { 1: async () => Promise.reject(new Error('bob@example.com')) } };
    const scrub = createStoredScrubber(later, { version: 1, data: { mail: 'bob@example.com' } });
    await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    expect(scrub('no bob@example.com')).toBe('no [redacted]');
  });
});
