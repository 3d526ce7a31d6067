/**
 * Whether a request is addressed to this process from within: by an IP address, by a name of this machine or by the name of
 * a cluster's Service. What Prometheus, the kubelet and our own jobs ask for is not for those who come by a public domain.
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
