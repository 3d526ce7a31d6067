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
  /** The host has no IPv4 address, and the monitor allows no other. */
  'no-ipv4',
  /** The host has no IPv6 address, and the monitor allows no other. */
  'no-ipv6',
  /** The network or the host is unreachable. */
  'unreachable',
  /** The TLS handshake failed. */
  'tls',
  /** The certificate has expired, or is not valid yet. */
  'tls-expired',
  /** The certificate is for another name. */
  'tls-wrong-host',
  /** The server does not send the certificate of the issuer, and the issuer is not a trusted authority. */
  'tls-incomplete',
  /** The certificate is self-signed, or its issuer is not trusted. */
  'tls-untrusted',
  /** The key or the signature of the certificate is too weak (RSA below 2048 bits, SHA-1). */
  'tls-weak',
  /** The server requires a client certificate. */
  'tls-client-certificate',
  /**
   * The status of the response is not accepted (2xx, if the monitor has no list of its own). Events and tables have the
   * status in a field of its own.
   */
  'status',
  /** The body does not have the expected text, or has the unwanted text. */
  'keyword',
  /** The body is not JSON, or the JSON is not as expected. */
  'json',
  /** The body is larger than our limit, so the part that was read does not decide the check. */
  'body-too-large',
  /** A server of another protocol than HTTP answered otherwise than expected. */
  'reply',
  /** The server does not offer STARTTLS. */
  'starttls',
  /** The name server's answer does not have the expected values. */
  'dns-answer',
  /** The gRPC health check says that the service does not serve. */
  'not-serving',
  /** This machine has no ping program, or may not send pings. It says nothing about the site. */
  'ping-unavailable',
  /** The response is not HTTP, or breaks the rules of the protocol. */
  'protocol',
  /** The headers of the response are larger than our limit. */
  'too-large',
  /** More than twenty redirects in a row. */
  'too-many-redirects',
  /** A redirect that we do not follow: another scheme, a blocked port, or not a URL. */
  'bad-redirect',
  /** A redirect from https to http, which this monitor does not follow. */
  'https-to-http',
  /** The address is not public: loopback, a private network, cloud metadata, or this machine. */
  'private-address',
  /** The port is for another kind of service, such as mail, so no HTTP request is sent to it. */
  'blocked-port',
  /** A tcp URL needs a port. */
  'missing-port',
  /** Not a URL, or longer than 2048 characters. */
  'bad-url',
  /** The scheme belongs to no kind of check. */
  'bad-scheme',
  /** The URL has a user name or a password, which would be stored and shown. */
  'credentials',
  /** The ping of a heartbeat did not come in time. */
  'no-ping',
  /** The job of a heartbeat started and did not end in time. */
  'run-overdue',
  /** The job of a heartbeat reported a failure; events and tables have its exit code in the field of the status. */
  'job-failed',
  /** The check could not run because of a failure on our side. It says nothing about the site. */
  'not-checked',
] as const

export type ProbeErrorCode = (typeof probeErrorCodes)[number]

/**
 * Warnings about a site that is up, the most important one first. A result has at most one. `slow` is before the
 * certificate, because a result has the expiry of the certificate in a field of its own.
 */
export const probeWarningCodes = [
  /** The check took longer than the limit of the monitor. The site is degraded. */
  'slow',
  /** The certificate expires soon. The site is degraded. */
  'certificate-expiring',
  /** The site redirects from https to http. */
  'insecure-redirect',
  /** The monitor accepts any certificate, so the check does not prove that the server is the right one. */
  'any-certificate',
] as const

export type ProbeWarningCode = (typeof probeWarningCodes)[number]

/** The warnings with which a site counts as degraded. */
export const degradedWarnings: ReadonlySet<string> = new Set<ProbeWarningCode>(['certificate-expiring', 'slow'])

/** The more important one of two warnings. */
export const graverWarning = (one: ProbeWarningCode, other: ProbeWarningCode | undefined): ProbeWarningCode =>
  other !== undefined && probeWarningCodes.indexOf(other) < probeWarningCodes.indexOf(one) ? other : one
