const WORDS = {
  SENTINELS_AWAY: 'No sentinel answers.',
  SENTINELS_REFUSE: 'The sentinels refuse the credentials.',
  UNKNOWN_MASTER: 'The sentinels know no master of that name.',
} as const;

type Code = keyof typeof WORDS;

/** Why sentinels name no master. The codes are among those that `faultOf` knows. */
export class SentinelError extends Error {
  readonly code: Code;

  constructor(code: Code) {
    super(WORDS[code]);
    this.name = 'SentinelError';
    this.code = code;
  }
}

/**
 * Leans on the texts of ioredis 6 (a test with real sentinels notices others): it gives the cause as a part of its own message alone, and then
 * says that all sentinels are unreachable, whatever they have answered.
 */
export function sentinelError({ message }: Error): SentinelError {
  if (/No such master|invalid reply: null/.test(message)) return new SentinelError('UNKNOWN_MASTER');
  if (/because (?:NOAUTH|WRONGPASS|NOPERM|ERR invalid password)/.test(message)) {
    return new SentinelError('SENTINELS_REFUSE');
  }
  return new SentinelError('SENTINELS_AWAY');
}
