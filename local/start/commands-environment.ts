import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * While `npm start` runs, `npm run shiftwork` in the same checkout asks the same engine: it reads this file (`--env-file-if-exists`), and
 * what the person has set wins over it. It holds passwords, so it is the owner's alone.
 */
export class CommandsEnvironment {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, 'env');
  }

  write(made: Readonly<Record<string, string>>): void {
    // The mode counts for a new file only: one that a killed start has left may have been opened up since.
    this.remove();
    writeFileSync(this.#file, environmentText(made), { mode: 0o600 });
  }

  remove(): void {
    rmSync(this.#file, { force: true });
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
