import { isPlain, isValidDate, jsonFitOf } from './json-fit.ts';

/** Something that JSON cannot hold: where it stands, what it is, and what to give instead. */
export interface Breakage {
  readonly path: readonly string[];
  readonly message: string;
}

/** The first thing in a value that JSON cannot hold; undefined where there is none. Slow: asked only when something was found. */
export function whatBreaks(value: unknown, dates: 'refused' | 'kept' = 'refused'): Breakage | undefined {
  try {
    return search(value, [], [], dates === 'kept');
  } catch (cause) {
    const message =
      cause instanceof RangeError ? 'is nested too deeply to be written' : 'cannot be looked at: a getter in it threw';
    return { path: [], message };
  }
}

/** What keeps a value that is refused as a whole out of JSON, each to stand behind the name of it. */
export interface Misfit {
  /** Where it stands, what it is, and what to give instead. */
  readonly problem: string;
  /** The same without the place, in which data may stand: it may be stored. */
  readonly kind: string;
}

/**
 * Looks at what a run wants to have kept: a result, a step's, an effect's, its progress. Undefined where JSON gives it back as it is.
 * `scrubber` is asked for when something was found.
 */
export function misfitOf(value: unknown, scrubber: () => (text: string) => string): Misfit | undefined {
  if (jsonFitOf(value) !== 'breaks') return undefined;
  const broken = whatBreaks(value);
  if (broken === undefined) return { problem: NOTHING, kind: NOTHING };
  const { path, message } = broken;
  if (path.length === 0) return { problem: message, kind: message };
  return {
    problem: `holds what JSON cannot: ${pathOf(broken, scrubber())} ${message}`,
    kind: `holds what JSON cannot: something in it ${message}`,
  };
}

const NOTHING = 'is nothing that JSON can hold';

/** Keys may be data: `scrub` takes sensitive values out of them. Empty: the value itself. */
export function pathOf({ path }: Breakage, scrub: (text: string) => string): string {
  return path.length === 0 ? '' : scrub(path.join('.').slice(0, 200));
}

function search(
  value: unknown,
  path: readonly string[],
  above: readonly object[],
  datesToo: boolean,
): Breakage | undefined {
  if (typeof value !== 'object' || value === null) {
    const message = PRIMITIVES[typeof value]?.(value);
    return message === undefined ? undefined : { path, message };
  }
  if (above.includes(value)) return { path, message: 'is a part of itself: give the id of what it refers to' };
  const within = [...above, value];
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found =
        value[index] === undefined
          ? { path: [...path, String(index)], message: IN_LIST }
          : search(value[index], [...path, String(index)], within, datesToo);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (datesToo && isValidDate(value)) return undefined;
  if (!isPlain(value)) return { path, message: messageOf(value) };
  for (const [field, inner] of Object.entries(value)) {
    const found = inner === undefined ? undefined : search(inner, [...path, field], within, datesToo);
    if (found !== undefined) return found;
  }
  return undefined;
}

const IN_LIST = 'is undefined, or a hole in the list, of which JSON makes null: leave it out, or give null';

const PRIMITIVES: Readonly<Partial<Record<string, (value: unknown) => string | undefined>>> = {
  number: value =>
    Number.isFinite(value)
      ? undefined
      : `is ${String(value)}, of which JSON makes null: give a number, or leave the field out`,
  bigint: () =>
    'is a bigint, which JSON cannot hold: give String(value) and let the schema read it back (zod: bigintCodec of shiftwork/codecs)',
  function: () => 'is a function, which JSON leaves out: give data alone',
  symbol: () => 'is a symbol, which JSON leaves out: give data alone',
  undefined: () => 'is undefined, which JSON cannot hold: give null or an object',
};

/** Of anything that was made by a class. The class's name is code, not data. */
function messageOf(value: object): string {
  if (value instanceof Date) {
    return isValidDate(value)
      ? 'is a Date, of which JSON makes a text: give date.toISOString() and let the schema make the Date (zod: dateCodec of shiftwork/codecs)'
      : 'is an invalid Date, of which JSON makes null: give a date that is one';
  }
  if (value instanceof Map) {
    return 'is a Map, of which JSON makes {}: give [...map] and let the schema make the Map (zod: mapCodec of shiftwork/codecs)';
  }
  if (value instanceof Set) {
    return 'is a Set, of which JSON makes {}: give [...set] and let the schema make the Set (zod: setCodec of shiftwork/codecs)';
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return 'is bytes, which JSON cannot hold: give base64 and let the schema read it back (zod: bytesCodec of shiftwork/codecs)';
  }
  if (value instanceof Promise) return 'is a promise: await it before the call';
  const name = nameOf(value);
  return 'toJSON' in value && typeof value.toJSON === 'function'
    ? `is of the class ${name}, which JSON cannot give back: give what its toJSON() answers and let the schema make it again (zod: z.codec)`
    : `is of the class ${name}, of which JSON keeps no more than its fields: give a plain object, such as { ...it }`;
}

function nameOf(value: object): string {
  const { constructor: made } = value;
  return typeof made === 'function' && made.name !== '' ? made.name.slice(0, 60) : 'without a name';
}
