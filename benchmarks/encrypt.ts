import { randomBytes } from 'node:crypto';
import { openCipher } from '../src/privacy/index.ts';
import { median } from './measure.ts';

/**
 * What does a field that a contract encrypts cost, and what does a contract without any? CPU of one thread for each size of the value: the copy of
 * the data, cipher and JSON, as `enqueue` and a worker pay it.
 *
 * Use: `npm run bench:encrypt`.
 */
const ROUNDS = 7;
const TIMES = 20_000;
const SIZES = [20, 200, 2_000, 20_000];

const cipher = openCipher({ payloadKeys: `k1:${randomBytes(32).toString('base64')}` }, undefined);
const one = { name: 'reset', encrypt: ['token'] };
const none = { name: 'reset', encrypt: [] };

/** Microseconds of CPU for one call, the median of the rounds. */
function cost(call: () => unknown, times = TIMES): number {
  const round = (): number => {
    const before = process.cpuUsage();
    for (let time = 0; time < times; time += 1) call();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / times;
  };
  round();
  return median(Array.from({ length: ROUNDS }, round));
}

const plain = { userId: 'u-1', email: 'ada@example.com', token: 'x'.repeat(20) };
console.log(`no field: ${cost(() => cipher.encrypt(none, plain)).toFixed(2)} us to write`);
for (const size of SIZES) {
  const data = { userId: 'u-1', email: 'ada@example.com', token: 'x'.repeat(size) };
  const stored = cipher.encrypt(one, data);
  const json = JSON.stringify(stored);
  const times = Math.ceil(TIMES / Math.max(1, size / 500));
  const write = cost(() => JSON.stringify(cipher.encrypt(one, data)), times);
  const read = cost(() => cipher.decrypt(one, stored), times);
  console.log(
    `a field of ${size} characters: ${write.toFixed(1)} us to write, ${read.toFixed(1)} us to read, ${json.length - JSON.stringify(data).length} bytes more`,
  );
}
