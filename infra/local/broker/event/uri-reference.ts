/**
 * A URI reference in the form in which Knative's ingress passes it on, or null when the ingress refuses it. Characters
 * that are not allowed in a URI are percent-encoded. A colon needs a scheme before it, and a percent sign needs two
 * hexadecimal digits after it.
 */
export const uriReference = (text: string): string | null => {
  if (plain.test(text)) return text
  if (!text.isWellFormed()) return null
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [null, '', text]
  if (rest === undefined || rest.startsWith(':')) return null
  if (scheme === '' && /^[^/?#]*:/.test(rest)) return null
  const [, body = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(rest) ?? []
  if (brokenEscape.test(body) || brokenEscape.test(fragment)) return null
  const [, authority = '', path = ''] = /^(\/\/[^/]*)?(.*)$/s.exec(body) ?? []
  if (/[\s<>"^`{|}\\]/.test(authority) || !/^(\/\/)?([^@]*@)?(\[[^\]]*\]|[^:[\]]*)(:\d*)?$/.test(authority)) return null
  return `${scheme && `${scheme}:`}${authority}${encoded(path)}${encoded(query)}${encoded(fragment)}`
}

/** An absolute URI in the form in which Knative's ingress passes it on, or null when the ingress refuses it. */
export const absoluteUri = (text: string): string | null =>
  /^[A-Za-z][A-Za-z0-9+.-]*:./.test(text) ? uriReference(text) : null

const plain = /^(?:[A-Za-z][A-Za-z0-9+.-]*:(?!:))?(?:\/\/[A-Za-z0-9.-]+(?::\d+)?(?=\/|$))?[A-Za-z0-9._~/-]*$/
const brokenEscape = /%(?![0-9A-Fa-f]{2})/

const encoded = (part: string) =>
  part.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/?#[\]%]/gu, character => encodeURIComponent(character))
