import { expect, test } from 'vitest';
import { isDebugged } from './turns.ts';

test.each([
  [['--inspect'], '', true],
  [['--enable-source-maps', '--inspect-brk=0'], '', true],
  [[], '--max-old-space-size=64 --inspect=127.0.0.1:9229', true],
  [[], '--max-old-space-size=64', false],
  [['--import', './inspect.mjs', '--inspect-port=0'], '', false],
])('%j with NODE_OPTIONS "%s" is debugged: %s', (execArgv, options, debugged) => {
  expect(isDebugged(execArgv, options)).toBe(debugged);
});
