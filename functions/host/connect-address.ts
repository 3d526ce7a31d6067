/** Where to dial for a URL. Names under `.localhost` mean this machine (RFC 6761), which the system's resolver often does not know. */
export const connectAddress = ({ hostname, port }: URL): { host: string; port?: string } => ({
  host: hostname === 'localhost' || hostname.endsWith('.localhost') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, ''),
  ...(port && { port }),
})
