import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canReach } from './owner.ts';

describe('canReach', () => {
  const stranger = { uid: 65_533, gid: 65_533 };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shiftwork-reach-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('a folder that only its maker may enter stops another user, at whatever depth', () => {
    mkdirSync(join(folder, 'deep'), { mode: 0o755 });
    chmodSync(folder, 0o700);
    expect(canReach(stranger, folder)).toBe(false);
    expect(canReach(stranger, join(folder, 'deep'))).toBe(false);
    expect(canReach(stranger, join(folder, 'not', 'there', 'yet'))).toBe(false);
  });

  test("the right to pass through is enough, and what does not exist yet stands in nobody's way", () => {
    chmodSync(folder, 0o711);
    expect(canReach(stranger, folder)).toBe(true);
    expect(canReach(stranger, join(folder, 'not', 'there', 'yet'))).toBe(true);
  });
});
