/**
 * Why a check failed, or why a URL cannot be watched: stable codes in events and tables. A person reads words made from them,
 * in the language of the chat; so a new code needs words in every language before anything else compiles.
 */
export const probeErrorCodes = [
  /** No answer within the time allowed. */
  'timeout',
  /** Nobody listens on that port. */
  'refused',
  /** The connection was closed before there was an answer. */
  'reset',
  /** The name does not exist, or nobody can tell its address. */
  'dns',
  /** No way there: network or host unreachable. */
  'unreachable',
  /** An encrypted connection could not be agreed on. */
  'tls',
  /** The certificate has run out, or is not valid yet. */
  'tls-expired',
  /** The certificate is for another name. */
  'tls-wrong-host',
  /** The certificate is self-signed, or from an issuer that nobody trusts. */
  'tls-untrusted',
  /** The certificate has a key or a signature that is too weak to be trusted (RSA below 2048 bits, SHA-1). */
  'tls-weak',
  /** The server wants a certificate from the client. */
  'tls-client-certificate',
  /** The answer's status is not 2xx; the status is told beside the code. */
  'status',
  /** What came back is not HTTP. */
  'protocol',
  /** The answer's headers are larger than we read. */
  'too-large',
  /** More than twenty redirects in a row. */
  'too-many-redirects',
  /** A redirect to where we do not follow: another scheme, a blocked port, something that is not a URL. */
  'bad-redirect',
  /** The address is not public: loopback, private network, cloud metadata, one of our own. */
  'private-address',
  /** The port belongs to another kind of service (mail, for one), and HTTP must not be spoken to it. */
  'blocked-port',
  /** tcp needs a port. */
  'missing-port',
  /** Not a URL, or longer than 2048 characters. */
  'bad-url',
  /** Something else than http, https and tcp. */
  'bad-scheme',
  /** A user name or password in the URL: it would be kept and shown. */
  'credentials',
  /** We could not look, for a reason of ours. Says nothing about the site: never down. */
  'not-checked',
] as const

export type ProbeErrorCode = (typeof probeErrorCodes)[number]

/** What is worth knowing about a site that is up. `insecure-redirect`: it redirects from https to http. */
export const probeWarningCodes = ['insecure-redirect'] as const

export type ProbeWarningCode = (typeof probeWarningCodes)[number]
