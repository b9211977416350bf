import { describe, expect, test } from 'vitest';
import { ENTRY_POINTS, FREE, GROUND, ROOMS, VENDORS } from './plan.ts';
import { importsOf, readSourceFiles, roomOf, type SourceFile } from './source-files.ts';

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

  test('vendors stay in their rooms, and the ground has none but the schema interface', () => {
    expect(product.flatMap(strayVendors)).toEqual([]);
  });

  test('only entry points read the environment or end the process', () => {
    const reading = product.filter(
      ({ path, text }) => !(ENTRY_POINTS as readonly string[]).includes(path) && readsEnvironment(text),
    );
    expect(reading.map(({ path }) => path)).toEqual([]);
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

  test('no file of the product is longer than 350 lines', () => {
    expect(product.filter(({ text }) => text.split('\n').length > 350).map(({ path }) => path)).toEqual([]);
  });

  test('the plan names no room that is gone', () => {
    const rooms = new Set(product.map(({ path }) => roomOf(path)));
    expect(Object.keys(ROOMS).filter(room => !rooms.has(room))).toEqual([]);
  });
});

describe('the reader of imports', () => {
  test('sees every form of an import, and no comment', () => {
    const text = [
      "import a from 'bullmq';",
      "import type { B } from '../engine/index.ts';",
      "export * from './x.ts';",
      "import './side.ts';",
      "const pg = await import('pg');",
      "// import z from 'zod';",
      "/* import z from 'zod'; */",
      "import { join } from 'node:path';",
    ].join('\n');
    expect(importsOf('src/queue/file.ts', text)).toEqual([
      { target: 'bullmq', own: false, typeOnly: false },
      { target: 'src/engine/index.ts', own: true, typeOnly: true },
      { target: 'src/queue/x.ts', own: true, typeOnly: false },
      { target: 'src/queue/side.ts', own: true, typeOnly: false },
      { target: 'pg', own: false, typeOnly: false },
    ]);
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
  const room = roomOf(path);
  return imports
    .filter(({ own, target }) => !own && VENDORS[target]?.includes(room) !== true)
    .map(
      ({ target }) =>
        `${path} -> ${target}: it belongs to ${VENDORS[target]?.join(', ') ?? 'no room yet; add it to the plan with a reason'}`,
    );
}

function readsEnvironment(text: string): boolean {
  return /\bprocess\.(env|exit)\b/.test(text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, ''));
}
