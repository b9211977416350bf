import { loadApp } from '../../boot/index.ts';
import { type EnqueueOptions, InvalidPayloadError, PayloadTooLargeError } from '../../contracts/index.ts';
import { didYouMean, InvalidOptionsError } from '../../errors/index.ts';
import { type Command, parseCommand, UsageError } from '../../command/index.ts';
import { withClient } from '../../boot/engine/index.ts';
import { parseJson } from './parse-json.ts';

const OPTIONS = {
  delay: { type: 'string' },
  priority: { type: 'string' },
  key: { type: 'string' },
  'correlation-id': { type: 'string' },
} as const;

export const enqueue: Command = {
  usage: 'shiftwork enqueue NAME JSON|- [options]',
  details: [
    'NAME                 a job of the app',
    "JSON                 its data; - reads it from standard input, where other users of the machine can't see it",
    '--delay 5m           earliest start, from now: ms, s, m, h or d; a plain number counts milliseconds',
    '--priority high      high, normal or low',
    '--key KEY            idempotency key: the same key with the same data is one job',
    '--correlation-id ID  ties together what one request caused',
    '--json               prints the whole receipt',
  ],
  async run(args, terminal) {
    const parsed = parseCommand(args, OPTIONS, { min: 2, max: 2 });
    const [name = '', json = ''] = parsed.positionals;
    const app = await loadApp(parsed.app);
    const contract = app.jobs.get(name);
    if (contract === undefined) {
      const known = [...app.jobs.keys()];
      throw new UsageError(
        `Expected the name of a job (${known.join(', ')}), got "${name.slice(0, 60)}".${didYouMean(name, known)}`,
      );
    }
    const request = {
      kind: 'job-request',
      contract,
      data: parseJson(json === '-' ? await terminal.readInput() : json),
      options: optionsOf(parsed.text),
    } as const;
    try {
      const [receipt] = await withClient(terminal.variables, client => client.enqueueMany([request]), app);
      terminal.print(parsed.json ? JSON.stringify(receipt) : (receipt?.id ?? ''));
      return 0;
    } catch (error) {
      const wrongUse =
        error instanceof InvalidPayloadError ||
        error instanceof InvalidOptionsError ||
        error instanceof PayloadTooLargeError;
      if (!wrongUse) throw error;
      throw new UsageError(error.message, { cause: error });
    }
  },
};

/** Everything is checked again where jobs are prepared. */
function optionsOf(text: (option: keyof typeof OPTIONS) => string | undefined): EnqueueOptions {
  const delay = text('delay');
  const given = {
    delay: delay !== undefined && /^\d+$/.test(delay) ? Number(delay) : delay,
    priority: text('priority'),
    idempotencyKey: text('key'),
    correlationId: text('correlation-id'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
