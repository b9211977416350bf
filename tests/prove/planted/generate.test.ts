import { describe, expect, test } from 'vitest';
import { bugsIn, plantedBugs } from './generate.ts';
import { plant } from './planted-bug.ts';
import { TARGETS } from './targets.ts';

describe('planted bugs', () => {
  test('of a script: each condition always and never, each write left out, no comment', () => {
    const source = "-- if x then\nif a and f(b) then\n  call('ZADD', set, 1, id)\nend\n";
    const planted = bugsIn('some.lua', source, 'lua').map(bug => plant(source, bug));
    expect(planted).toEqual([
      source.replace('a and f(b)', 'true'),
      source.replace('a and f(b)', 'false'),
      source.replace("call('ZADD', set, 1, id)", 'local _'),
    ]);
  });

  test('of SQL and of TypeScript, as these write them', () => {
    const sql = '  IF v_a IS NULL THEN\n    PERFORM f(v_a);\n  END IF;\n';
    expect(bugsIn('some.sql', sql, 'sql').map(bug => plant(sql, bug))).toEqual([
      sql.replace('v_a IS NULL', 'true'),
      sql.replace('v_a IS NULL', 'false'),
      sql.replace('PERFORM f(v_a)', 'NULL'),
    ]);
    const ts = '  if (a(b)) return;\n  await this.#store.set(a);\n';
    expect(bugsIn('some.ts', ts, 'ts').map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'always: a(b)',
      'never: a(b)',
      'not written: await this.#store.set(a)',
    ]);
  });

  test('every file that bugs are planted in has some in all, and every check is there', () => {
    for (const { files, checks } of TARGETS) {
      expect(files.length).toBeGreaterThan(0);
      expect(plantedBugs(files).length).toBeGreaterThan(0);
      expect(checks.length).toBeGreaterThan(0);
    }
  });
});
