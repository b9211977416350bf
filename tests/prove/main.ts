/** `npm run prove`: the guarantees on new histories; with `-- --mutants` whether their checks notice planted bugs. */
await (process.argv.includes('--mutants') ? import('./planted/hunt-all.ts') : import('./prove.ts'));
