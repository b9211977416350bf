import { DIFFERS_MS } from './index.ts';

/** What to say about this process's clock minus the engine's. Nothing is refused: everything is decided by the engine's. */
export function clockWarnings(differenceMs: number): readonly string[] {
  const size = Math.abs(differenceMs);
  if (size <= DIFFERS_MS) return [];
  const side = differenceMs > 0 ? 'ahead of' : 'behind';
  return [
    `This machine's clock is ${(size / 1_000).toFixed(1)} s ${side} the engine's; expected at most ${DIFFERS_MS / 1_000} s. ` +
      "Jobs and schedules go by the engine's; log lines, certificates and a stock BullMQ beside them go by this one. " +
      'Synchronise both clocks (NTP).',
  ];
}
