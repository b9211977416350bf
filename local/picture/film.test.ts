import { describe, expect, test } from 'vitest';
import { filmOf } from './film.ts';

describe('a film', () => {
  const film = filmOf(
    [
      { jpeg: Buffer.from('one'), caption: 'a < b & c' },
      { jpeg: Buffer.from('two'), caption: 'second' },
    ],
    { width: 100, height: 50 },
  );

  test('shows each picture for its share of the time, one after the other', () => {
    expect(film.match(/animation-delay:(-\d+)s/g)).toEqual(['animation-delay:-6s', 'animation-delay:-3s']);
    expect(film).toContain('animation:turn 6s step-end infinite');
    expect(film).toContain('50.000%{opacity:0}');
  });

  test('takes captions as text, and has no script', () => {
    expect(film).toContain('>a &lt; b &amp; c</text>');
    expect(film).not.toContain('<script');
  });

  test('holds still for who has asked for less motion', () => {
    expect(film).toMatch(
      /prefers-reduced-motion:reduce\)\{\.frame\{animation:none\}\.frame:first-of-type\{opacity:1\}/,
    );
  });
});
