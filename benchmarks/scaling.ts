import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { withTable } from './scaling/table.ts';

/**
 * How long do jobs wait, and for how many process-hours, where processes are scaled by `shiftwork scaling`, by depth, and by CPU? A simulation: an hour
 * of each scenario in a second. Writes the table of docs/guides/scaling.md.
 *
 * Use: `npm run bench:scaling`.
 */
const PAGE = new URL('../docs/guides/scaling.md', import.meta.url).pathname;
const text = withTable(readFileSync(PAGE, 'utf8'));
writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), filepath: PAGE }));
