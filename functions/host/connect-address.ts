/**
 * The host and port to connect to for a URL. Names under `.localhost` are this machine (RFC 6761). They become
 * 127.0.0.1 here, because many resolvers do not know them.
 */
export const connectAddress = ({ hostname, port }: URL): { host: string; port?: string } => ({
  host: hostname === 'localhost' || hostname.endsWith('.localhost') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, ''),
  ...(port && { port }),
})
