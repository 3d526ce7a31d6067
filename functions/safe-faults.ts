import type { ProbeErrorCode } from '#events/probe-error.ts'

/** Refused before or during dialling, by a rule of ours. */
export class Fault extends Error {
  readonly code: ProbeErrorCode
  constructor(code: ProbeErrorCode) {
    super(code)
    this.code = code
  }
}

/** What the codes of Node, OpenSSL and the HTTP parser mean for a person. */
const meanings: Record<string, ProbeErrorCode> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  EINVAL: 'unreachable',
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-wrong-host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-untrusted',
  CERT_UNTRUSTED: 'tls-untrusted',
  CERT_REJECTED: 'tls-untrusted',
  CERT_REVOKED: 'tls-untrusted',
  INVALID_CA: 'tls-untrusted',
  INVALID_PURPOSE: 'tls-untrusted',
  CERT_SIGNATURE_FAILURE: 'tls-untrusted',
  EPROTO: 'tls',
  HPE_HEADER_OVERFLOW: 'too-large',
  // The machine's own limits.
  EMFILE: 'not-checked',
  ENFILE: 'not-checked',
  ENOBUFS: 'not-checked',
  ENOMEM: 'not-checked',
}

/** Any error of dialling as a code of ours. Unknown ones are the remote end's: it said something that no one understands. */
export const faultOf = (thrown: unknown): ProbeErrorCode => {
  if (thrown instanceof Fault) return thrown.code
  const code = String((thrown as NodeJS.ErrnoException).code ?? '')
  const known = meanings[code]
  if (known !== undefined) return known
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'tls'
  return 'protocol'
}
