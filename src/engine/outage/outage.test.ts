import { expect, test, vi } from 'vitest';
import { Outage } from './outage.ts';

function setup() {
  const onError = vi.fn<(error: Error) => void>();
  const onBack = vi.fn<(awayMs: number) => void>();
  return { onError, onBack, outage: new Outage('db.example:5432', { onError, onBack }) };
}

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test('an outage is reported once, however many connections fail', () => {
  const { outage, onError } = setup();
  for (let attempt = 0; attempt < 100; attempt += 1) outage.lost(refused);
  expect(onError).toHaveBeenCalledTimes(1);
  expect(onError.mock.lastCall?.[0]).toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  expect(onError.mock.lastCall?.[0].message).toContain('db.example:5432');
});

test('its end is reported once, and a new outage is a new report', () => {
  const { outage, onError, onBack } = setup();
  outage.back();
  expect(onBack).not.toHaveBeenCalled();
  outage.lost(refused);
  outage.back();
  outage.back();
  expect(onBack).toHaveBeenCalledTimes(1);
  outage.lost(refused);
  expect(onError).toHaveBeenCalledTimes(2);
});

test('a connection that merely closed does not hide what the last attempt said', () => {
  const { outage } = setup();
  outage.lost(refused);
  outage.lost();
  expect(outage.error().message).toContain('connection refused');
});

test('nothing is an outage once we close', () => {
  const { outage, onError } = setup();
  outage.end();
  outage.lost(refused);
  expect(onError).not.toHaveBeenCalled();
});
