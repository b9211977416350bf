import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSourceTexts, ROOT } from '../architecture/source-texts.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const files = readSourceTexts();
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });

describe('the documents say what the code says', () => {
  test('nobody has left two versions of a passage in them', () => {
    // The last is what the formatter makes of the end of a conflict.
    const mark = /^(?:<{7} |={7}$|>{7} |(?:> ){6}>)/m;
    expect(documents.filter(path => mark.test(read(path)))).toEqual([]);
  });

  test('every error code is in docs/errors.md with its class, and none that is gone', () => {
    const inCode = files
      .filter(({ path }) => path.startsWith('src/') && path.endsWith('-error.ts'))
      .flatMap(({ text }) => [
        ...text.matchAll(/class (\w+Error) extends ShiftworkError[\s\S]*?readonly code = '([A-Z_]+)'/g),
      ])
      .map(match => `${match[2]} ${match[1]}`)
      .filter(line => !line.startsWith('WRONG_USE'));
    const documented = [...read('docs/errors.md').matchAll(/^\|\s*`([A-Z_]+)`\s*\|\s*`(\w+)`\s*\|/gm)].map(
      match => `${match[1]} ${match[2]}`,
    );
    expect(documented.toSorted()).toEqual(inCode.toSorted());
    expect(new Set(inCode.map(line => line.split(' ')[0])).size).toBe(inCode.length);
  });

  test('every fact is in docs/facts.md with its fields, and none that is gone', () => {
    const common = new Set(['jobId', 'jobName', 'queue', 'correlationId', 'traceId', 'attempt', 'worker']);
    const table = read('src/facts/fact-table.ts');
    const inCode = [...table.matchAll(/^ {2}'([a-z.-]+)':\s*([\s\S]*?);\n(?= {2}['/]|\})/gm)].map(match => ({
      name: match[1] ?? '',
      fields: [...(match[2] ?? '').matchAll(/readonly (\w+)\??:/g)].map(field => field[1] ?? ''),
    }));
    const documented = new Map(
      [...read('docs/facts.md').matchAll(/^\|\s*`([a-z.-]+)`\s*\|(.*?)\|/gm)].map(match => [
        match[1] ?? '',
        new Set([...(match[2] ?? '').matchAll(/`(\w+)`/g)].map(field => field[1] ?? '')),
      ]),
    );
    expect([...documented.keys()].toSorted()).toEqual(inCode.map(({ name }) => name).toSorted());
    for (const { name, fields } of inCode) {
      const named = documented.get(name) ?? new Set();
      const missing = fields.filter(field => !common.has(field) && !named.has(field));
      const gone = [...named].filter(field => !common.has(field) && !fields.includes(field));
      expect({ name, missing, gone }).toEqual({ name, missing: [], gone: [] });
    }
  });

  test('every variable that the code reads is in docs/operations.md and in .env.example, and none that it does not', () => {
    const variables = new Set(
      files
        .filter(({ isTest }) => !isTest)
        .flatMap(({ text }) => [
          ...text.matchAll(/\.(?:url|integer|string|required|list|oneOf|has)\(\s*'([A-Z][A-Z0-9_]+)'/g),
          ...text.matchAll(/variable: '([A-Z][A-Z0-9_]+)'/g),
        ])
        .map(match => match[1] ?? ''),
    );
    expect(variables.size).toBeGreaterThan(15);
    // The first column of the table alone: prose may name a variable of somebody else's.
    const table = [...read('docs/operations.md').matchAll(/^\| (`[A-Z_`, ]+`) +\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/[A-Z][A-Z0-9_]+/g)].map(([name]) => name),
    );
    const example = [...read('.env.example').matchAll(/^([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
    expect(table.toSorted()).toEqual([...variables].toSorted());
    expect(example.toSorted()).toEqual([...variables].toSorted());
  });

  test('the list of guides names every guide once, and links each that is written', () => {
    const list = read('docs/guides/README.md');
    const written = globSync('*.md', { cwd: join(ROOT, 'docs/guides') }).filter(name => name !== 'README.md');
    const linked = [...list.matchAll(/\]\(([a-z-]+\.md)\)/g)].map(([, name = '']) => name);
    const planned = [...list.matchAll(/\(`([a-z-]+\.md)`\)/g)].map(([, name = '']) => name);
    expect(linked.toSorted()).toEqual(written.toSorted());
    expect(new Set([...linked, ...planned]).size).toBe(linked.length + planned.length);
    expect(linked.length + planned.length).toBeGreaterThan(30);
  });

  test('every block of code in a guide names the file in which it is compiled, where no test of its own runs it', () => {
    const runByTheirOwn = ['event-sourcing.md', 'frameworks.md', 'schema-evolution.md'];
    const unnamed = globSync('*.md', { cwd: join(ROOT, 'docs/guides') })
      .filter(name => !runByTheirOwn.includes(name))
      .filter(name => /```ts\n(?!\/\/ [\w.-]+\.ts\n)/.test(read(`docs/guides/${name}`)));
    expect(unnamed).toEqual([]);
  });

  test('every link to a file of ours leads somewhere', () => {
    const broken = documents.flatMap(document =>
      [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter(target => !existsSync(join(ROOT, dirname(document), target)))
        .map(target => `${document} -> ${target}`),
    );
    expect(documents.length).toBeGreaterThan(10);
    expect(broken).toEqual([]);
  });

  test('no cell of a table is torn by a | in its code, which ends it', () => {
    const torn = documents.flatMap(document =>
      [...read(document).matchAll(/^\|.*\|$/gm)]
        .map(([row]) => row.replaceAll('\\|', ''))
        .filter(row => row.split('|').some(cell => cell.split('`').length % 2 === 0))
        .map(row => `${document}: ${row.slice(0, 60)}`),
    );
    expect(torn).toEqual([]);
  });

  test('each row of the table of losses names tests that there are', () => {
    const guide = read('docs/guides/choosing.md');
    const table = guide.slice(guide.indexOf('## What each loses'), guide.indexOf('## Plain jobs'));
    const rows = table.split('\n').filter(line => /^\| (?!way|-)/.test(line));
    const missing = rows.flatMap(row => {
      const named = [...row.matchAll(/\]\(([^)]+)\)((?:,? "[^"]+")+)/g)].flatMap(([, path = '', names = '']) =>
        [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => ({ path: join('docs/guides', path), name })),
      );
      const gone = named.filter(({ path, name }) => !read(path).includes(name)).map(({ name }) => name);
      return named.length === 0 ? [row] : gone;
    });
    expect(rows.length).toBeGreaterThan(7);
    expect(missing).toEqual([]);
  });

  test('nothing claims that a job runs once and never twice', () => {
    const claim = new RegExp(['exactly', 'once'].join('[ -]'), 'i');
    const all = [...documents, ...files.map(({ path }) => path)];
    expect(all.filter(path => claim.test(read(path)))).toEqual([]);
  });
});
