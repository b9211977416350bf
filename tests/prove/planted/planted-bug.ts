/** A change of one place in one source file that makes it wrong: a condition that always or never holds, or a write that is left out. */
export interface PlantedBug {
  /** From the project's root. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind: 'always' | 'never' | 'not written';
  /** What stands there, for people. */
  readonly text: string;
  /** Characters from the file's beginning. */
  readonly from: number;
  readonly to: number;
  readonly put: string;
}

/** Stays the same while the line itself does, wherever it moves to: what was found of it is not asked again. */
export function nameOfBug({ file, kind, text }: PlantedBug, nth: number): string {
  return `${file} | ${kind} | ${text} | ${nth}`;
}

export function plant(source: string, { from, to, put }: Pick<PlantedBug, 'from' | 'to' | 'put'>): string {
  return source.slice(0, from) + put + source.slice(to);
}
