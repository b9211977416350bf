import { isMailAddress, looksLikeData } from './looks-like-data.ts';

/** Below this depth a value is anything. */
const DEEPEST = 12;
/** An object with more keys than this has them from data. */
const MAX_KEYS = 64;

/** What was seen at one place of many payloads: kinds and counts, no value. */
export class Shape {
  /** How often something stood here. */
  seen = 0;
  nulls = 0;
  booleans = 0;
  numbers = 0;
  strings = 0;
  /** Of the strings. */
  mailAddresses = 0;
  /** Deeper than what is looked at. */
  unknowns = 0;
  arrays = 0;
  objects = 0;
  #items: Shape | undefined;
  #fields = new Map<string, Shape>();
  /** The values of an object whose keys come from data. */
  #values: Shape | undefined;

  /** What stands in all of the arrays together. */
  get items(): Shape {
    this.#items ??= new Shape();
    return this.#items;
  }

  get fields(): ReadonlyMap<string, Shape> {
    return this.#fields;
  }

  /** Set where the keys come from data: these are the values behind all of them. */
  get values(): Shape | undefined {
    return this.#isSparse() ? merged(this.#fields.values()) : this.#values;
  }

  add(value: unknown, depth = 0): void {
    this.seen += 1;
    if (value === null || value === undefined) this.nulls += 1;
    else if (depth > DEEPEST) this.unknowns += 1;
    else if (typeof value === 'boolean') this.booleans += 1;
    else if (typeof value === 'number') this.numbers += 1;
    else if (typeof value === 'string') this.#addString(value);
    else if (Array.isArray(value)) this.#addArray(value, depth);
    else if (typeof value === 'object') this.#addObject(value, depth);
    else this.unknowns += 1;
  }

  /** Adds what another shape has seen. */
  merge(other: Shape): void {
    for (const count of COUNTS) this[count] += other[count];
    if (other.#items !== undefined) this.items.merge(other.#items);
    if (other.#values !== undefined) this.#toRecord().merge(other.#values);
    for (const [key, shape] of other.#fields) this.#at(key).merge(shape);
  }

  #addString(value: string): void {
    this.strings += 1;
    if (isMailAddress(value)) this.mailAddresses += 1;
  }

  #addArray(value: readonly unknown[], depth: number): void {
    this.arrays += 1;
    for (const item of value) this.items.add(item, depth + 1);
  }

  #addObject(value: object, depth: number): void {
    this.objects += 1;
    for (const [key, inner] of Object.entries(value)) this.#at(key).add(inner, depth + 1);
  }

  /** The place behind a key; one for all keys as soon as one of them comes from data. */
  #at(key: string): Shape {
    if (this.#values !== undefined) return this.#values;
    const known = this.#fields.get(key);
    if (known !== undefined) return known;
    if (looksLikeData(key) || this.#fields.size >= MAX_KEYS) return this.#toRecord();
    const shape = new Shape();
    this.#fields.set(key, shape);
    return shape;
  }

  #toRecord(): Shape {
    this.#values ??= merged(this.#fields.values());
    this.#fields = new Map();
    return this.#values;
  }

  /** Many keys of which few stand in any one object: names of people or things. */
  #isSparse(): boolean {
    if (this.#fields.size < 8) return false;
    const present = [...this.#fields.values()].reduce((sum, { seen }) => sum + seen, 0);
    return present / (this.#fields.size * this.objects) < 0.4;
  }
}

const COUNTS = [
  'seen',
  'nulls',
  'booleans',
  'numbers',
  'strings',
  'mailAddresses',
  'unknowns',
  'arrays',
  'objects',
] as const satisfies readonly (keyof Shape)[];

function merged(shapes: Iterable<Shape>): Shape {
  const all = new Shape();
  for (const shape of shapes) all.merge(shape);
  return all;
}
