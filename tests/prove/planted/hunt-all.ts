import { readFileSync, writeFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { requirePrograms } from '../../support/required-programs.ts';
import { writeBlock } from '../block.ts';
import { plantedBugs } from './generate.ts';
import { hunt, passesAlone, seesTheFile } from './hunt.ts';
import { nameOfBug, type PlantedBug } from './planted-bug.ts';
import { TARGETS, type Target } from './targets.ts';

/**
 * `npm run prove -- --mutants`: plants bugs in the scripts, the SQL, the settling of runs and the supervisor, one at a time, and tells which no check
 * notices. What was found is kept in tests/prove/planted/found.json, so it can be run in parts.
 *
 * `-- --minutes 20`     begins no hunt after that
 * `-- --in settle`      the files whose path has this in it
 * `-- --patience 120`   seconds that one check may take; a bug on which it hangs is noticed
 * `-- --again`          hunts for the survivors once more, and for nothing else
 * `-- --write`          puts what survived into docs/guarantees.md
 */
const { values } = parseArgs({
  options: {
    mutants: { type: 'boolean', default: true },
    minutes: { type: 'string', default: 'Infinity' },
    in: { type: 'string', default: '' },
    patience: { type: 'string', default: '60' },
    again: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

interface Outcome {
  readonly survived: boolean;
  /** Why it is none, where somebody has looked: written by hand, and kept. */
  readonly because?: string;
}

const FILE = fileURLToPath(new URL('found.json', import.meta.url));

async function main(): Promise<number> {
  requirePrograms();
  const endsAt = Date.now() + Number(values.minutes) * 60_000;
  const found: Record<string, Outcome> = existsSync(FILE)
    ? (JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Outcome>)
    : {};
  const all = TARGETS.flatMap(target => named(plantedBugs(target.files)).map(each => ({ ...each, target })));
  const wanted = all.filter(({ name, bug }) => bug.file.includes(values.in) && isOpen(found[name]));
  console.log(`${all.length} bugs can be planted, ${wanted.length} are to be hunted.`);
  const sound = new Map<Target, boolean>();
  for (const { name, bug, target } of wanted) {
    if (Date.now() > endsAt) break;
    if (!sound.has(target)) sound.set(target, await isSound(target));
    if (sound.get(target) !== true) continue;
    const begunAt = Date.now();
    const { caughtBy } = await hunt(bug, target.checks, Number(values.patience) * 1_000);
    found[name] = { ...found[name], survived: caughtBy === undefined };
    const took = ((Date.now() - begunAt) / 1_000).toFixed(0);
    console.log(
      `${caughtBy === undefined ? 'SURVIVED' : 'noticed '} ${took} s  ${bug.file}:${bug.line} ${bug.kind}: ${bug.text}`,
    );
    save(found, all);
  }
  const hunted = all.flatMap(({ name, bug }) => {
    const outcome = found[name];
    return outcome === undefined ? [] : [{ bug, ...outcome }];
  });
  const survivors = hunted.filter(({ survived }) => survived);
  const sum = `${hunted.length} of ${all.length} planted bugs were hunted, ${hunted.length - survivors.length} were noticed.`;
  console.log(`${sum} ${survivors.filter(({ because }) => because === undefined).length} survived and have no reason.`);
  if (values.write) writeBlock('planted', [sum, '', ...survivors.map(lineOf)].join('\n').trim());
  return 0;
}

function lineOf({ bug, because }: { readonly bug: PlantedBug } & Outcome): string {
  return `- ${bug.file}, ${bug.kind}: \`\` ${bug.text} \`\`. ${because ?? 'Open: a check to add.'}`;
}

function isOpen(outcome: Outcome | undefined): boolean {
  if (values.again) return outcome?.survived === true && outcome.because === undefined;
  return outcome === undefined;
}

async function isSound({ files: [file = ''], checks }: Target): Promise<boolean> {
  for (const check of checks) {
    const failsAlone = !(await passesAlone(check));
    if (!failsAlone && (await seesTheFile(file, check, Number(values.patience) * 1_000))) continue;
    const why = failsAlone ? 'it fails without any bug' : `it does not load ${file}`;
    console.error(`Passed over, ${why}: ${check.join(' ')}`);
    return false;
  }
  return true;
}

/** Lines that read the same are told apart by their order. */
function named(bugs: readonly PlantedBug[]): readonly { readonly name: string; readonly bug: PlantedBug }[] {
  const seen = new Map<string, number>();
  return bugs.map(bug => {
    const alike = nameOfBug(bug, 0);
    const nth = (seen.get(alike) ?? 0) + 1;
    seen.set(alike, nth);
    return { name: nameOfBug(bug, nth), bug };
  });
}

/** In the order of the files; of lines that are gone nothing is kept. */
function save(found: Readonly<Record<string, Outcome>>, all: readonly { readonly name: string }[]): void {
  const kept = all.flatMap(({ name }) => (found[name] === undefined ? [] : [[name, found[name]] as const]));
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}

process.exitCode = await main();
