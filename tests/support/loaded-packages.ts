import { registerHooks } from 'node:module';

/**
 * `node tests/support/loaded-packages.ts MODULE...`: imports one after another and prints a line of JSON for each: the npm packages that are
 * loaded by then, by import and by require alike; the last line when the process ends.
 */
const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});
const say = (): boolean => process.stdout.write(`${JSON.stringify([...loaded].toSorted())}\n`);
// The last one may go on after its import.
process.on('exit', say);
for (const [index, url] of process.argv.slice(2).entries()) {
  if (index > 0) say();
  await import(url);
}
