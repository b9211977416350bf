import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variables } from '../../src/config/index.ts';

/**
 * While `npm start` runs, `npm run shiftwork` in the same checkout asks the same engine: it reads this file, unless the person names an engine, and
 * what else the person has set wins over it. It holds passwords, so it is the owner's alone.
 */
export class CommandsEnvironment {
  readonly #file: string;
  #isWritten = false;

  constructor(folder: string) {
    this.#file = join(folder, 'env');
  }

  write(made: Readonly<Record<string, string>>): void {
    // The mode counts for a new file only: one that a killed start has left may have been opened up since.
    rmSync(this.#file, { force: true });
    writeFileSync(this.#file, environmentText(made), { mode: 0o600 });
    this.#isWritten = true;
  }

  /** What it has written itself: a second start that fails, since the first one runs, must not take the file of that one away. */
  remove(): void {
    if (this.#isWritten) rmSync(this.#file, { force: true });
    this.#isWritten = false;
  }
}

/** As Node reads it: of three quotes the first that is not in the value, so that `#`, spaces and backslashes stay what they are. */
export function environmentText(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => {
    const quote = ["'", '`', '"'].find(each => !value.includes(each));
    if (quote === undefined)
      throw new Error(`Expected ${name} to do without one of the three quotes, found all of them.`);
    return `${name}=${quote}${value}${quote}\n`;
  });
  return lines.join('');
}

/** Then nothing of the file may be used: with the secrets of another engine a person's tags are not found, and an erasure would find nothing to erase. */
export function namesAnEngine(variables: Variables): boolean {
  return ['REDIS_URL', 'DATABASE_URL'].some(name => (variables[name] ?? '').trim() !== '');
}
