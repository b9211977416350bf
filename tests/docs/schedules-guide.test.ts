import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, defineSchedule } from '../../src/contracts/index.ts';
import { scheduleProblems } from '../../src/runtime/index.ts';
import { ROOT } from '../architecture/source-texts.ts';

const guide = readFileSync(join(ROOT, 'docs/guides/schedules.md'), 'utf8');
const job = defineJob({ queue: 'guide', name: 'guide', schema: z.object({}) });

/** The first cells of the table whose first column has that title. */
function firstCells(title: string): readonly string[] {
  const table = guide.split(new RegExp(`\\n\\| ${title} +\\|`))[1]?.split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, cron = '']) => cron);
}

function problemsOf(cron: string): readonly string[] {
  try {
    const schedule = defineSchedule({ name: 'guide', job, data: {}, cron });
    return scheduleProblems(defineApp({ jobs: [job], handlers: [], schedules: [schedule] }));
  } catch (error) {
    return [String(error)];
  }
}

describe('the guide to schedules', () => {
  const [taken, refused] = [firstCells('cron'), firstCells('refused')];

  test('shows crons of both kinds', () => {
    expect([taken.length, refused.length]).toEqual([9, 7]);
  });

  test.each(taken)('shows "%s", which is taken', cron => {
    expect(problemsOf(cron)).toEqual([]);
  });

  test.each(refused)('says that "%s" is refused, and it is', cron => {
    expect(problemsOf(cron)).toHaveLength(1);
  });

  test.each(['0 0 * * *', '5-59/15 * * * *', '0 22-23,0-4 * * *'])('says "%s" instead, which is taken', cron => {
    expect(guide).toContain(`\`${cron}\``);
    expect(problemsOf(cron)).toEqual([]);
  });
});
