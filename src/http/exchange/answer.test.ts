import { expect, test } from 'vitest';
import { functionThrew } from '../../contracts/index.ts';
import { problemAnswer } from './answer.ts';

test('what a function of a contract has thrown is kept from the answer, and reported', () => {
  const thrown = new TypeError('no such user: ada');
  const reported: unknown[] = [];
  const refusal = functionThrew('greet', 'key', 'its function', thrown);
  const { status, body } = problemAnswer(refusal, error => reported.push(error));
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain('its function threw TypeError');
  expect(JSON.stringify(body)).not.toContain('ada');
  expect(reported).toEqual([thrown]);
});
