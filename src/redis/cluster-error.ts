const WORDS = {
  SLOT_UNSERVED: 'No server of the cluster holds the slots of some keys.',
} as const;

/** What a cluster does not answer in words of its own. The codes are among those that `faultOf` knows. */
export class ClusterError extends Error {
  readonly code: keyof typeof WORDS;

  constructor(code: keyof typeof WORDS) {
    super(WORDS[code]);
    this.name = 'ClusterError';
    this.code = code;
  }
}
