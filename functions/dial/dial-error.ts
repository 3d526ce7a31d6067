import type { ProbeErrorCode } from '#events/probe-error.ts'

/** An attempt that failed with one of our error codes. */
export class DialError extends Error {
  readonly code: ProbeErrorCode
  constructor(code: ProbeErrorCode) {
    super(code)
    this.code = code
  }
}

/** Our error codes for the codes of Node.js, OpenSSL and the HTTP parser. */
const errorCodes: Record<string, ProbeErrorCode> = {
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
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-incomplete',
  CERT_UNTRUSTED: 'tls-untrusted',
  CERT_REJECTED: 'tls-untrusted',
  CERT_REVOKED: 'tls-untrusted',
  INVALID_CA: 'tls-untrusted',
  INVALID_PURPOSE: 'tls-untrusted',
  CERT_SIGNATURE_FAILURE: 'tls-untrusted',
  CERT_CHAIN_TOO_LONG: 'tls-untrusted',
  PATH_LENGTH_EXCEEDED: 'tls-untrusted',
  HOSTNAME_MISMATCH: 'tls-wrong-host',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'tls-expired',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'tls-expired',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'tls-client-certificate',
  EPROTO: 'tls',
  HPE_HEADER_OVERFLOW: 'too-large',
  // The following codes mean that a limit of this machine was reached.
  EMFILE: 'not-checked',
  ENFILE: 'not-checked',
  ENOBUFS: 'not-checked',
  ENOMEM: 'not-checked',
}

/**
 * The error code of any error of an attempt. An unknown error is `protocol`: the server sent something that is not
 * understood.
 */
export const errorCodeOf = (thrown: unknown): ProbeErrorCode => {
  if (thrown instanceof DialError) return thrown.code
  const code = codeOf(thrown)
  const known = errorCodes[code]
  if (known !== undefined) return known
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'tls'
  return 'protocol'
}

/** Matches OpenSSL's messages about a weak key or signature, because Node.js has no code for them. */
const weakKeyMessage = /(?:too weak|too small)$/
/**
 * Matches the alerts of servers that require a client certificate. Before TLS 1.3, these servers
 * only say that the handshake failed.
 */
const clientCertificateCode = /^ERR_SSL_.*(?:BAD_CERTIFICATE|CERTIFICATE_REQUIRED|CERTIFICATE_UNKNOWN)$/

/**
 * The error code of an error during the TLS handshake. An error that the network did not cause is a TLS error.
 * `UNSPECIFIED` is the code of Node.js for certificate errors that have no code of their own (name constraints, weak
 * keys, SHA-1).
 */
export const tlsErrorCodeOf = (thrown: unknown): ProbeErrorCode => {
  const code = codeOf(thrown)
  if (thrown instanceof DialError || errorCodes[code] !== undefined) return errorCodeOf(thrown)
  if (weakKeyMessage.test((thrown as Error).message)) return 'tls-weak'
  if (clientCertificateCode.test(code)) return 'tls-client-certificate'
  return code.startsWith('ERR_') ? 'tls' : 'tls-untrusted'
}

/** Whether the server refused HTTP/1.1 during the handshake, most likely because it accepts only HTTP/2. */
export const refusesHttp1 = (thrown: unknown): boolean =>
  codeOf(thrown) === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'

/** Whether the server said only that the handshake failed. It may accept none of the groups for the key exchange. */
export const refusesHandshake = (thrown: unknown): boolean =>
  /^ERR_SSL_.*ALERT_(?:HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$/.test(codeOf(thrown))

/** Whether the server may accept another offer. */
export const isRefusedOffer = (thrown: unknown): boolean => refusesHttp1(thrown) || refusesHandshake(thrown)

const codeOf = (thrown: unknown) => String((thrown as NodeJS.ErrnoException).code ?? '')
