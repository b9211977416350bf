/**
 * `node tests/architecture/figures.ts [DIR]`: the size of the house, of this checkout or of another, whose node_modules must be there:
 * the largest folder, the longest functions, circles of files, lines. With an older release beside it, that is a before and after.
 */
import { dirname } from 'node:path/posix';
import { resolve } from 'node:path';
import { circlesIn } from './circles.ts';
import { readSourceFiles, type SourceFile } from './source-files.ts';

const FUNCTIONS_SHOWN = 5;
const PRODUCT = /^(src|dashboard|workers|jobs|producers)\//;

const [directory = '.'] = process.argv.slice(2);
const files = readSourceFiles(resolve(directory));
const product = files.filter(({ path, isTest }) => PRODUCT.test(path) && !isTest);
const tests = files.filter(({ isTest }) => isTest);

const folders = Map.groupBy(product, ({ path }) => dirname(path));
const [folder = '', inFolder = []] = [...folders].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
const functions = product
  .flatMap(({ path, functions: all }) => all.map(each => ({ ...each, path })))
  .toSorted((a, b) => b.lines - a.lines);

console.log(`largest folder   ${inFolder.length} files, ${folder}`);
for (const { lines, path, head } of functions.slice(0, FUNCTIONS_SHOWN)) {
  console.log(`longest function ${lines} lines, ${path}: ${head}`);
}
console.log(`circles          ${circlesIn(product).length}`);
console.log(`product          ${sizeOf(product)}`);
console.log(`tests            ${sizeOf(tests)}`);

function sizeOf(some: readonly SourceFile[]): string {
  const lines = some.map(({ text }) => text.split('\n').length - 1);
  return `${some.length} files, ${lines.reduce((sum, each) => sum + each, 0)} lines, the longest ${Math.max(...lines)}`;
}
