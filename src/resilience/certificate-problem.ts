/** What OpenSSL and Node call it, said in words. None of them comes from a connection that was used for anything. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  CERT_REVOKED: 'was revoked',
  CERT_SIGNATURE_FAILURE: 'has a wrong signature',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is made out to another host',
  HOSTNAME_MISMATCH: 'is made out to another host',
  INVALID_PURPOSE: 'is not one for servers',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is signed by itself alone, and is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is signed by an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is signed by an authority that is not trusted',
  CERT_UNTRUSTED: 'is not trusted',
  CERT_REJECTED: 'is not trusted',
  INVALID_CA: 'is signed by what is no authority',
  CERT_CHAIN_TOO_LONG: 'has too long a chain of authorities',
  PATH_LENGTH_EXCEEDED: 'has too long a chain of authorities',
};

const REMEDY =
  'It must be valid now, made out to this host, and signed by an authority that Node knows or that NODE_EXTRA_CA_CERTS names';

/** Whether a code is one of a certificate that was not accepted. */
function isCertificateCode(code: string): boolean {
  return Object.hasOwn(PROBLEMS, code);
}

/**
 * What is wrong with the certificate that ended a connection before it was one; undefined when it was something else. It completes "failed:".
 * A driver may keep Node's code aside as `originalCode`.
 */
export function certificateProblem(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = ['code', 'originalCode']
    .map(field => (error as Readonly<Record<string, unknown>>)[field])
    .find(value => typeof value === 'string' && isCertificateCode(value));
  return typeof code === 'string' ? `its certificate ${PROBLEMS[code]} (${code}). ${REMEDY}` : undefined;
}
