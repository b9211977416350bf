import { defineConfig } from 'vitest/config';
import { bugOfProcess, plantedBugPlugin } from './tests/prove/planted/planted.ts';
import { LongestFirst } from './tests/support/longest-first.ts';
import { PATIENT } from './tests/support/wait-for.ts';
import { SummaryReporter } from './tests/support/summary-reporter.ts';

// The template's test is run by the app that is made of it.
const exclude = ['**/node_modules/**', 'dist/**', '.shiftwork/**', 'packages/create-shiftwork/template/**'];

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
    // More than there are cores: half of a file's time is waiting.
    maxWorkers: 3,
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
          exclude: [...exclude, '**/*.int.test.ts'],
          // Password hashing and forked programs are slow where every core is busy.
          testTimeout: 60_000,
        },
      },
      {
        // Real servers take part: they are started once, here, and stopped at the end.
        extends: true,
        test: {
          name: 'servers',
          include: ['**/*.int.test.ts'],
          exclude,
          globalSetup: ['tests/support/global-setup.ts'],
          // A bound for what hangs, above the patience of the waits in it: no test measures time.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
