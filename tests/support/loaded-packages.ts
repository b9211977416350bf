import { registerHooks } from 'node:module';

/**
 * `node tests/support/loaded-packages.ts MODULE...`: imports each and, when the process ends, prints as its last line the npm
 * packages that were loaded, by import and by require alike, as JSON.
 */
const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});
process.on('exit', () => process.stdout.write(JSON.stringify([...loaded].toSorted())));

for (const url of process.argv.slice(2)) await import(url);
