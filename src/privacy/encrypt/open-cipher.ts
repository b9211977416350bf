import { InvalidConfigError } from '../../config/index.ts';
import { parsePayloadKeys, type GivenSecrets } from '../../secrets/index.ts';
import { PayloadCipher } from './payload-cipher.ts';

/** The cipher of an installation. @throws InvalidConfigError where the keys are none; whoever reads them from the environment has said so before */
export function openCipher({ payloadKeys }: GivenSecrets, namespace: string | undefined): PayloadCipher {
  if (payloadKeys === undefined || payloadKeys === '') return new PayloadCipher(undefined, namespace);
  const parsed = parsePayloadKeys('payloadKeys', payloadKeys);
  if ('problems' in parsed) throw new InvalidConfigError(parsed.problems);
  return new PayloadCipher(parsed.keys, namespace);
}
