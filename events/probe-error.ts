/**
 * The codes that say why a check failed, or why a URL cannot be watched. They are stable, because events and tables
 * contain them. Messages have a text for every code in every language; the compiler reports a code without a text.
 */
export const probeErrorCodes = [
  /** No response within the timeout. */
  'timeout',
  /** No server listens on that port. */
  'refused',
  /** The connection was closed before a response. */
  'reset',
  /** The name does not exist, or its address cannot be resolved. */
  'dns',
  /** The network or the host is unreachable. */
  'unreachable',
  /** The TLS handshake failed. */
  'tls',
  /** The certificate has expired, or is not valid yet. */
  'tls-expired',
  /** The certificate is for another name. */
  'tls-wrong-host',
  /** The certificate is self-signed, or its issuer is not trusted. */
  'tls-untrusted',
  /** The key or the signature of the certificate is too weak (RSA below 2048 bits, SHA-1). */
  'tls-weak',
  /** The server requires a client certificate. */
  'tls-client-certificate',
  /** The status of the response is not 2xx; events and tables have the status in a field of its own. */
  'status',
  /** The response is not HTTP. */
  'protocol',
  /** The headers of the response are larger than our limit. */
  'too-large',
  /** More than twenty redirects in a row. */
  'too-many-redirects',
  /** A redirect that we do not follow: another scheme, a blocked port, or not a URL. */
  'bad-redirect',
  /** The address is not public: loopback, a private network, cloud metadata, or this machine. */
  'private-address',
  /** The port is for another kind of service, such as mail, so no HTTP request is sent to it. */
  'blocked-port',
  /** A tcp URL needs a port. */
  'missing-port',
  /** Not a URL, or longer than 2048 characters. */
  'bad-url',
  /** The scheme is not http, https or tcp. */
  'bad-scheme',
  /** The URL has a user name or a password, which would be stored and shown. */
  'credentials',
  /** The check could not run because of a failure on our side. It says nothing about the site. */
  'not-checked',
] as const

export type ProbeErrorCode = (typeof probeErrorCodes)[number]

/** Warnings about a site that is up. `insecure-redirect`: the site redirects from https to http. */
export const probeWarningCodes = ['insecure-redirect'] as const

export type ProbeWarningCode = (typeof probeWarningCodes)[number]
