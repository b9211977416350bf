import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp } from './define-app.ts';
import { defineEvent } from './define-event.ts';
import { react } from './react.ts';

const schema = z.object({ userId: z.string() });
const userRegistered = defineEvent('user.registered', { schema });
const userUpdated = defineEvent('user.updated', { schema });

describe('reactions', () => {
  test('stand in the app with the events that they react to', () => {
    const greet = react(userRegistered, 'greet', () => []);
    const app = defineApp({ jobs: [], handlers: [], events: [userUpdated], reactions: [greet] });
    expect([...app.events.keys()]).toEqual(['user.updated', 'user.registered']);
    expect(app.reactions.get('greet')).toBe(greet);
  });

  test('two of one name are refused, both sides named; so is another contract of an event', () => {
    const reactions = [react(userRegistered, 'greet', () => []), react(userUpdated, 'greet', () => [])];
    expect(() => defineApp({ jobs: [], handlers: [], reactions })).toThrow(
      /two reactions are named "greet" \(to "user.registered" and "user.updated"\)/,
    );
    const other = defineEvent('user.registered', { schema });
    expect(() => defineApp({ jobs: [], handlers: [], events: [other], reactions: reactions.slice(0, 1) })).toThrow(
      'names another contract',
    );
    expect(() => defineApp({ jobs: [], handlers: [], events: [other, userRegistered] })).toThrow('two events');
  });

  test.each(['', 'Greet', 'greet user', 'greet:user', 'x'.repeat(81)])('the name %j is refused', name => {
    expect(() => react(userRegistered, name, () => [])).toThrow('expected a name');
  });
});
