/**
 * Whether the Host header of a request is internal: an IP address, a name of this machine, or the name of a Service of
 * the cluster. Prometheus, the kubelet and our own jobs use these hosts. A request through a public domain has another
 * host.
 */
export const isInternalHost = (host: string | undefined): boolean => {
  if (host === undefined) return true
  const name = host.replace(/:\d*$/, '').toLowerCase()
  return (
    /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.%]+\])$/.test(name) ||
    !name.includes('.') ||
    /\.(?:localhost|svc|svc\.cluster\.local)\.?$/.test(name)
  )
}
