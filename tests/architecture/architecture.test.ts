import { describe, expect, test } from 'vitest';
import { circlesIn } from './circles.ts';
import { ENTRY_POINTS, FREE, GROUND, LAZY, ROOMS, VENDORS } from './plan.ts';
import { readSourceFiles, readTexts, roomOf, type SourceFile } from './source-files.ts';

const files = readSourceFiles();
const product = files.filter(({ path, isTest }) => !isTest && !(FREE as readonly string[]).includes(roomOf(path)));

describe('the house', () => {
  test('is read whole', () => {
    expect(product.length).toBeGreaterThan(120);
    expect(product.flatMap(({ imports }) => imports).length).toBeGreaterThan(400);
  });

  test('every arrow between rooms is on the plan', () => {
    expect(product.flatMap(strayArrows)).toEqual([]);
  });

  test('rooms are entered by their door', () => {
    expect(product.flatMap(sideEntries)).toEqual([]);
  });

  test('no files import each other in a circle, types included: each can be read and changed alone', () => {
    expect(circlesIn(product)).toEqual([]);
  });

  test('vendors stay in their rooms, and the ground has none but the schema interface', () => {
    expect(product.flatMap(strayVendors)).toEqual([]);
  });

  test('what is loaded when it is needed is nowhere imported at once', () => {
    const wrong = product.flatMap(({ path, imports }) =>
      imports
        .filter(({ target, typeOnly, dynamic }) => LAZY[target] !== undefined && !typeOnly && !dynamic)
        .map(({ target }) => `${path} -> ${target}: ${LAZY[target] ?? ''}`),
    );
    expect(wrong).toEqual([]);
  });

  test('only entry points read the environment or end the process', () => {
    const entries: readonly string[] = ENTRY_POINTS;
    const wrong = product
      .filter(({ path }) => !entries.includes(path))
      .flatMap(({ path, processMembers }) =>
        processMembers
          .filter(member => member === 'env' || member === 'exit')
          .map(member => `${path}: process.${member}`),
      );
    expect(wrong).toEqual([]);
    expect(entries.filter(entry => !product.some(({ path }) => path === entry))).toEqual([]);
  });

  test('published code never awaits at the top of a module: CommonJS could not require it', () => {
    const published = product.filter(({ path }) => !/^(local|examples)\//.test(path));
    expect(published.filter(({ awaitsAtTop }) => awaitsAtTop).map(({ path }) => path)).toEqual([]);
  });

  test('file names are kebab-case and say what is inside', () => {
    const wrong = files
      .map(({ path }) => path)
      .filter(path => {
        const name = path.split('/').at(-1) ?? '';
        return (
          !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.ts$/.test(name) ||
          path.split('/').some(part => /^(utils?|common|helpers?|misc|manager)(\.|$)/.test(part))
        );
      });
    expect(wrong).toEqual([]);
  });

  test('no file of the product is longer than 350 lines without saying why in its first', () => {
    const long = product.filter(({ text }) => text.split('\n').length > 350 && !text.startsWith('// Long because '));
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('the plan names no room and no vendor that is gone', () => {
    const rooms = new Set(product.map(({ path }) => roomOf(path)));
    const loaded = new Set(product.flatMap(({ imports }) => imports.map(({ target }) => target)));
    expect(Object.keys(ROOMS).filter(room => !rooms.has(room))).toEqual([]);
    expect([...Object.keys(VENDORS), ...Object.keys(LAZY)].filter(target => !loaded.has(target))).toEqual([]);
  });
});

describe('the reader of the source', () => {
  const text = `
    import a from 'bullmq';
    import type { B } from '../engine/index.ts';
    import { type C } from 'zod';
    export * from './x.ts';
    export type * from '@standard-schema/spec/deep';
    import './side.ts';
    // import z from 'comment';
    const glob = '/**/*.ts'; /* import z from 'comment'; */
    const text = "import z from 'text'";
    const later = async () => { const pg = await import('pg'); return process.env['X'] ?? pg; };
    type D = import('pino').Logger;
    import { join } from 'node:path';
  `;
  test('sees every form of an import, and neither comments nor texts', () => {
    const [file] = readTexts({ 'src/queue/file.ts': text });
    const found = file?.imports.map(
      ({ target, typeOnly, dynamic }) => `${target}${typeOnly ? ' type' : ''}${dynamic ? ' dynamic' : ''}`,
    );
    expect(found?.toSorted()).toEqual([
      '@standard-schema/spec type',
      'bullmq',
      'pg dynamic',
      'pino type',
      'src/engine/index.ts type',
      'src/queue/side.ts',
      'src/queue/x.ts',
      // Without \`import type\` the module is loaded, whatever is taken from it.
      'zod',
    ]);
  });

  test('sees a circle of any length, and not what merely leads into it', () => {
    const found = readTexts({
      'src/a.ts': "import { b } from './b.ts';",
      'src/b.ts': "import type { C } from './c.ts'; import './d.ts';",
      'src/c.ts': "export const a = async () => import('./a.ts');",
      'src/d.ts': 'export {};',
      'src/e.ts': "import './a.ts';",
    });
    expect(circlesIn(found)).toEqual(['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts']);
  });

  test('sees what of process is touched, and awaits outside functions alone', () => {
    const [inside, top] = readTexts({ 'a.ts': text, 'b.ts': 'for await (const x of [1]) console.log(x); export {};' });
    expect(inside).toMatchObject({ processMembers: ['env'], awaitsAtTop: false });
    expect(top).toMatchObject({ processMembers: [], awaitsAtTop: true });
  });
});

function strayArrows({ path, imports }: SourceFile): readonly string[] {
  const from = roomOf(path);
  return imports
    .filter(({ own }) => own)
    .map(({ target }) => roomOf(target))
    .filter(to => to !== from && !isAllowed(from, to))
    .map(to => `${path} -> ${to}: ${ROOMS[from]?.why ?? 'the ground imports only what stands before it in the list'}`);
}

function isAllowed(from: string, to: string): boolean {
  const ground: readonly string[] = GROUND;
  const toGround = ground.indexOf(to);
  if (ground.includes(from)) return toGround !== -1 && toGround < ground.indexOf(from);
  return toGround !== -1 || ROOMS[from]?.may.includes(to) === true;
}

function sideEntries({ path, imports }: SourceFile): readonly string[] {
  const from = roomOf(path);
  return imports
    .filter(({ own, target }) => own && roomOf(target) !== from && !/(^|\/)index\.ts$/.test(target))
    .map(({ target }) => `${path} -> ${target}: other rooms are entered by index.ts`);
}

function strayVendors({ path, imports }: SourceFile): readonly string[] {
  return imports
    .filter(({ own, target, typeOnly }) => !own && !mayLoad(path, target, typeOnly))
    .map(
      ({ target }) =>
        `${path} -> ${target}: ${VENDORS[target]?.why ?? 'no room has it yet; give it one, with the reason'}`,
    );
}

function mayLoad(path: string, vendor: string, typeOnly: boolean): boolean {
  const rule = VENDORS[vendor];
  if (rule === undefined) return false;
  const places = typeOnly ? [...rule.in, ...(rule.typesIn ?? [])] : rule.in;
  return places.some(place => path === place || path.startsWith(`${place}/`));
}
