import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { bugOfProcess, plantedBugPlugin } from './tests/prove/planted/planted.ts';
import { LongestFirst } from './tests/support/longest-first.ts';
import { PATIENT } from './tests/support/wait-for.ts';
import { SummaryReporter } from './tests/support/summary-reporter.ts';

/** What takes long: `npm test` leaves it to `npm run test:long`, and the gate runs both. */
const LONG = '**/*.long.test.ts';
/** Each on a fleet and an engine of its own: the commonest run in `npm test` too. */
const FAULT_CASES = 'tests/faults/cases/*.int.test.ts';
// The template's test is run by the app that is made of it.
const exclude = ['**/node_modules/**', 'dist/**', '.shiftwork/**', 'packages/create-shiftwork/template/**'];

/** Real servers take part: they are started once for the project, and stopped at the end. */
function withServers(test: NonNullable<TestProjectInlineConfiguration['test']>): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: {
      ...test,
      globalSetup: ['tests/support/global-setup.ts'],
      setupFiles: ['tests/support/around-each-file.ts'],
      // A bound for what hangs, above the patience of the waits in it: no test measures time.
      testTimeout: 240_000,
      hookTimeout: 240_000,
    },
  };
}

export default defineConfig({
  // Whoever hunts planted bugs runs tests with one in place.
  plugins: [plantedBugPlugin()],
  test: {
    environment: 'node',
    // What was compiled without a planted bug would be taken from there, and every bug would survive.
    fsModuleCache: bugOfProcess() === undefined,
    pool: 'forks',
    // A worker goes from file to file with what it has loaded: that was half of the unit tests' time. No test leaves anything in a module.
    isolate: false,
    // More than there are cores: two thirds of a file's time are waiting.
    maxWorkers: 4,
    // Trials of whole fleets at once in each worker: more only make each other slow.
    maxConcurrency: 2,
    sequence: { shuffle: true, sequencer: LongestFirst },
    // A test's database, keys and files are its own; a second try would hide a race, so there is none.
    retry: 0,
    expect: { poll: PATIENT },
    reporters: ['default', new SummaryReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...exclude, '**/*.int.test.ts', LONG],
          // As for those with servers: what hashes passwords or loads programs was seen to take a minute where every core is busy.
          testTimeout: 240_000,
        },
      },
      withServers({ name: 'servers', include: ['**/*.int.test.ts'], exclude: [...exclude, FAULT_CASES] }),
      // Fleets and browsers wait less. Projects with other workers go one after another.
      withServers({ name: 'long', include: [LONG, FAULT_CASES], exclude, maxWorkers: 3, sequence: { groupOrder: 1 } }),
    ],
  },
});
