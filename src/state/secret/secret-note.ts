import type { Engine } from '../../engine/index.ts';
import { openState } from '../store/open-state.ts';
import { stateOfOwnSecret } from './secret-source.ts';

const NONE =
  'SHIFTWORK_SECRET is not set: ids and keys are keyed with a random secret of this installation, which the engine keeps. Who reads the ' +
  "engine's data can read it and guess what keys were made of; when the engine loses its data, keys are forgotten with it. Set it to one " +
  'random text of at least 32 characters in every process (openssl rand -base64 32): docs/guides/secrets.md.';
const MIXED =
  'SHIFTWORK_SECRET is set here, and the secret that an installation has without it was used lately: keys of processes that have no ' +
  'SHIFTWORK_SECRET are unknown to the others. Set it in every process; what is left of the old one goes by itself after 35 days.';

/** What people should know of the secrets of an installation; undefined where all is as it should be. Rejects while the engine is away. */
export async function secretNote(engine: Engine): Promise<string | undefined> {
  if (engine.secrets.secret === undefined) return NONE;
  return (await stateOfOwnSecret(await openState(engine))) === 'used' ? MIXED : undefined;
}
