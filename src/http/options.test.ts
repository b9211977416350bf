import { afterAll, describe, expect, test } from 'vitest';
import { defineApp } from '../contracts/index.ts';
import { codeOf } from '../errors/index.ts';
import { connect } from '../queue/index.ts';
import { createHttpApi, jobEvents } from './index.ts';

const app = defineApp({ jobs: [], handlers: [] });
const client = connect({ redis: 'redis://127.0.0.1:1' });
const allow = (): undefined => undefined;
afterAll(() => client.close());

function refusalOf(call: (...given: never) => unknown, given: readonly unknown[]): readonly unknown[] {
  try {
    Reflect.apply(call, undefined, given);
  } catch (error) {
    return [codeOf(error), error instanceof Error ? error.message : error];
  }
  return [];
}

describe('what plain JavaScript leaves out or mistakes is refused with a code, and by its name', () => {
  test.each([
    ['nothing', [], 'options of createHttpApi()'],
    ['no app', [{ client }], 'app of defineApp()'],
    ['no client', [{ app }], 'client that connect()'],
    ['an option that there is not', [{ app, client, stream: {} }], '"stream"'],
    ['onError that is no function', [{ app, client, onError: 'log' }], 'onError'],
  ])('createHttpApi: %s', (_, given, says) => {
    expect(refusalOf(createHttpApi, given)).toEqual(['INVALID_OPTIONS', expect.stringContaining(says)]);
  });

  test.each([
    ['nothing', [], 'INVALID_OPTIONS', 'client that connect()'],
    ['no options', [client], 'INVALID_OPTIONS', 'options of jobEvents()'],
    ['nobody who says what may be seen', [client, { app }], 'INVALID_OPTIONS', 'allow'],
    ['an allow that is no function', [client, { app, allow: true }], 'INVALID_OPTIONS', 'allow'],
    ['no app anywhere', [client, { allow }], 'INVALID_CONFIG', 'connect({ app })'],
    ['an app of another kind', [client, { allow, app: {} }], 'INVALID_CONFIG', 'connect({ app })'],
    ['no streams for anybody', [client, { allow, app, perCaller: 0 }], 'INVALID_OPTIONS', 'perCaller'],
  ])('jobEvents: %s', (_, given, code, says) => {
    expect(refusalOf(jobEvents, given)).toEqual([code, expect.stringContaining(says)]);
  });
});
