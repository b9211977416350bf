import { expect, test } from 'vitest';
import { isRunByNpm } from './on-stop-asked.ts';

test.each([
  ['exec', "'shiftwork' work", true],
  ['exec', 'shiftwork work --app app.config.js', true],
  ['run-script', 'shiftwork migrate && LOG_LEVEL=debug shiftwork work', true],
  ['run', 'exec node dist/workers/main.js', true],
  ['run', 'node_modules/.bin/shiftwork-dashboard', true],
  // Whose parent ends on purpose.
  ['run-script', 'shiftwork work &', false],
  ['run-script', 'nohup shiftwork work > log 2>&1 &', false],
  ['run-script', 'setsid -f shiftwork work', false],
  ['exec', 'pm2 start worker.config.js', false],
  ['run-script', 'shiftwork work & wait', false],
  [undefined, 'shiftwork work', false],
  ['exec', undefined, false],
])('npm %s of "%s": npm waits for it: %s', (npm_command, npm_lifecycle_script, waits) => {
  expect(isRunByNpm({ npm_command, npm_lifecycle_script })).toBe(waits);
});
