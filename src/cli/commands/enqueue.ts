import { loadApp, type EnqueueOptions } from '../../contracts/index.ts';
import { InvalidOptionsError, InvalidPayloadError, PayloadTooLargeError } from '../../errors/index.ts';
import type { Command } from '../command.ts';
import { parseCommand } from '../parse.ts';
import { UsageError } from '../usage-error.ts';
import { withClient } from '../with-engine.ts';

export const enqueue: Command = {
  name: 'enqueue',
  summary: 'queue one job of the app; prints its id',
  usage:
    'shiftwork enqueue NAME JSON [--delay 5m] [--priority high|normal|low] [--key KEY] [--correlation-id ID] [--json]',
  async run(args, terminal) {
    const parsed = parseCommand(
      args,
      {
        delay: { type: 'string' },
        priority: { type: 'string' },
        key: { type: 'string' },
        'correlation-id': { type: 'string' },
      },
      { min: 2, max: 2 },
    );
    const [name = '', json = ''] = parsed.positionals;
    const app = await loadApp(parsed.app);
    const contract = app.jobs.get(name);
    if (contract === undefined) {
      throw new UsageError(`Expected the name of a job (${[...app.jobs.keys()].join(', ')}), got "${name}".`);
    }
    const request = {
      kind: 'job-request',
      contract,
      data: parseJson(json),
      options: optionsOf(parsed.text),
    } as const;
    try {
      const [receipt] = await withClient(terminal.variables, client => client.enqueueMany([request]));
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

/** A number counts as milliseconds; everything is checked again where jobs are prepared. */
function optionsOf(text: (option: string) => string | undefined): EnqueueOptions {
  const given = {
    delay: text('delay'),
    priority: text('priority'),
    idempotencyKey: text('key'),
    correlationId: text('correlation-id'),
  };
  const { delay } = given;
  const known = Object.entries({ ...given, delay: delay !== undefined && /^\d+$/.test(delay) ? Number(delay) : delay });
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('Expected the data as JSON, got something else. Quote it for your shell.');
  }
}
