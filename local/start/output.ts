import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { prettyFactory } from 'pino-pretty';

const COLOURS = [36, 35, 33, 32, 34] as const;

/** Prints what people read: one line a thing, each child's lines behind its name. */
export class Output {
  readonly #colour = process.stdout.isTTY === true;
  readonly #pretty = prettyFactory({
    colorize: this.#colour,
    singleLine: true,
    translateTime: 'HH:MM:ss',
    ignore: 'pid,hostname,service,fact',
  });
  #children = 0;

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Passes a child's lines on; JSON log lines are made readable. */
  follow(name: string, streams: readonly (Readable | null)[]): void {
    const colour = COLOURS[this.#children++ % COLOURS.length] ?? 36;
    const label = `${name.padEnd(9)} |`;
    const prefix = this.#colour ? `\u001b[${colour}m${label}\u001b[0m` : label;
    for (const stream of streams) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', line => this.say(`${prefix} ${this.#readable(line)}`));
    }
  }

  #readable(line: string): string {
    if (!line.startsWith('{')) return line;
    try {
      return this.#pretty(JSON.parse(line) as object).trimEnd();
    } catch {
      return line;
    }
  }
}
