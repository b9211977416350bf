import type { Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { ALERTS, type KnownCondition } from './judge-alerts.ts';

export type KnownAlert = Omit<KnownCondition, 'toldSize' | 'absentSince'> & { readonly told: boolean };

/** The conditions that stood when somebody judged last, and whether people were told. */
export async function readAlerts(engine: Engine): Promise<readonly KnownAlert[]> {
  const entries = await (await openState(engine)).list(ALERTS);
  return entries.map(({ value }) => {
    const { kind, about, text, needsYou, size, path, since, toldSize } = value as KnownCondition;
    return { kind, about, text, needsYou, size, path, since, told: toldSize !== undefined };
  });
}
