import { globSync } from 'node:fs';
import { ROOT, withSlashes } from '../../architecture/source-texts.ts';

/** Where bugs are planted, and what has to notice: commands, the quickest first. */
export interface Target {
  readonly files: readonly string[];
  readonly checks: readonly (readonly string[])[];
}

const VITEST = ['node_modules/.bin/vitest', 'run', '--bail=1'] as const;
const twins = (program: string): readonly string[] => [
  'node',
  program,
  '--seeds',
  '40',
  '--steps',
  '60',
  '--no-mutants',
];
const REDIS = 'src/engine/bullmq/redis/turns';
const POSTGRES = 'src/engine/bullmq/postgres/turns';
const ENGINES = [
  ...VITEST,
  'src/engine/engine.int.test.ts',
  'src/engine/keys.int.test.ts',
  'src/engine/change.int.test.ts',
  'src/queue/keys/keys.int.test.ts',
];
const GROUPS = [...VITEST, `${REDIS}/groups.int.test.ts`, `${POSTGRES}/groups.int.test.ts`];
const TAGS = [...VITEST, 'src/engine/tags.int.test.ts'];

export const TARGETS: readonly Target[] = [
  {
    files: filesOf(
      `${REDIS}/scripts/{settle,take,retention,prelude,place-job,delay-job,claim-key,hold-key,add-script}.ts`,
    ),
    checks: [twins('tests/twins/main.ts'), ENGINES],
  },
  { files: filesOf(`${REDIS}/scripts/{groups,take-with-limits}.ts`), checks: [GROUPS] },
  { files: filesOf(`${REDIS}/scripts/{change-script,note-script,step-scripts}.ts`), checks: [ENGINES] },
  { files: filesOf(`${REDIS}/scripts/tag-scripts.ts`), checks: [TAGS] },
  {
    files: filesOf(`${POSTGRES}/sql/{add,finish,key,move,settle,take,turn}-sql.ts`),
    checks: [twins('tests/twins/postgres/main.ts'), ENGINES],
  },
  { files: filesOf(`${POSTGRES}/sql/{group,serve,sweep-groups,take-within}-sql.ts`), checks: [GROUPS] },
  { files: filesOf(`${POSTGRES}/sql/{change,note,step}-sql.ts`), checks: [ENGINES] },
  { files: filesOf(`${POSTGRES}/sql/tag-sql.ts`), checks: [TAGS] },
  {
    files: filesOf('src/runtime/run/{admit,burial,classify,run-job,running-job,running-jobs,settle,stored-error}.ts'),
    checks: [
      [...VITEST, '--project', 'unit', 'src/runtime/run', 'src/runtime/runs.test.ts', 'src/runtime/stops.test.ts'],
      [...VITEST, 'src/runtime/run', 'src/runtime/runtime.int.test.ts'],
    ],
  },
  {
    files: filesOf('src/runtime/supervisor/**/*.ts'),
    checks: [
      [...VITEST, '--project', 'unit', 'src/runtime/supervisor'],
      [...VITEST, 'src/runtime/supervisor'],
    ],
  },
];

function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: ROOT, exclude: ['**/*.test.ts', '**/*.contract-suite.ts'] })
    .map(withSlashes)
    .toSorted();
}
