import { ShiftworkError } from '../errors/index.ts';

/** A transport was asked for something that it cannot do. */
export class CapabilityMissingError extends ShiftworkError {
  readonly code = 'CAPABILITY_MISSING';

  constructor(transport: string, asked: string, capability: string, able: string) {
    super(
      `${asked} needs a transport with the capability "${capability}"; "${transport}" does not have it. ` +
        `Use one that has: ${able}.`,
    );
  }
}
