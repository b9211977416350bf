/**
 * Whether a property in it is named `__proto__`, however the name was written. Looks at what was parsed: a reviver while it is parsed sees the
 * same, but is called for each value: 140 ms of a blocked loop for 300 KB of small numbers, where this and parsing take 10. A loop: a body may
 * be nested deeper than the stack reaches.
 */
export function namesPrototype(body: unknown): boolean {
  const left: unknown[] = [body];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Object.hasOwn(next, '__proto__')) return true;
    for (const inner of Array.isArray(next) ? next : Object.values(next)) {
      if (typeof inner === 'object' && inner !== null) left.push(inner);
    }
  }
  return false;
}
