import { registerHooks } from 'node:module';

/**
 * `node tests/support/loaded-packages.ts MODULE...`: imports each and prints, as JSON, the npm packages that were loaded on the way,
 * by import and by require alike.
 */
const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});

for (const url of process.argv.slice(2)) await import(url);
process.stdout.write(JSON.stringify([...loaded].toSorted()));
