import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from '../../errors/index.ts';
import { appsOf } from './apps.ts';
import { configText, contractsText } from './contracts-text.ts';
import { reportText, type ReportFacts } from './report-text.ts';

/** Contracts, configuration and report, by their paths. */
export function filesOf(facts: ReportFacts): ReadonlyMap<string, string> {
  const named = facts.queues.filter(({ jobs }) => jobs.length > 0);
  return new Map([
    ...named.map(queue => [`jobs/${queue.file}.ts`, contractsText(queue)] as const),
    ...appsOf(facts.queues).map(({ file, queues }) => [file, configText(queues)] as const),
    ['REPORT.md', reportText(facts)],
  ]);
}

/** What stands in a folder already; nothing where there is none. */
export function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { flag: 'wx' });
  }
}
