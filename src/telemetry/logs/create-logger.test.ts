import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createLogger } from './create-logger.ts';

function setup(variables: Readonly<Record<string, string>> = {}) {
  const texts: string[] = [];
  const logger = createLogger({ name: 'worker', variables, stream: { write: text => void texts.push(text) } });
  return { logger, lines: () => texts.map(text => JSON.parse(text) as Record<string, unknown>) };
}

describe('createLogger', () => {
  test('a line is one JSON object: level as a word, ISO time, and who speaks', () => {
    const { logger, lines } = setup();
    logger.info({ port: 3001 }, 'listening\non two lines');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: 'worker',
        pid: process.pid,
        host: hostname(),
        port: 3001,
        msg: 'listening\non two lines',
      },
    ]);
  });

  test('LOG_LEVEL decides what is written; a wrong one counts as info', () => {
    const quiet = setup({ LOG_LEVEL: 'warn' });
    quiet.logger.info('no');
    quiet.logger.warn('yes');
    expect(quiet.lines()).toMatchObject([{ level: 'warn', msg: 'yes' }]);
    expect(setup({ LOG_LEVEL: 'loud' }).logger.level).toBe('info');
  });

  test("an error's own properties, where drivers keep data, stay out of the line", () => {
    const { logger, lines } = setup();
    const error = Object.assign(new Error('refused'), { command: { args: ['hunter2'] }, code: 'ERR' });
    logger.error({ err: error }, 'failed');
    logger.error(error);
    for (const line of lines()) expect(line).toMatchObject({ err: { type: 'Error', code: 'ERR', message: 'refused' } });
    expect(JSON.stringify(lines())).not.toContain('hunter2');
  });

  test.for([
    ['is for people when asked for', { pretty: true }, /^\[.*INFO.*hello/],
    ['is JSON where no terminal listens', {}, /^\{"level":"info"/],
  ] as const)('standard output %s', ([, options, expected]) => {
    const program = `
      const { createLogger } = await import(${JSON.stringify(new URL('create-logger.ts', import.meta.url).href)});
      createLogger({ name: 'worker', variables: {}, ...${JSON.stringify(options)} }).info('hello');
      process.exit(0);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(stdout).toMatch(expected);
  });
});
