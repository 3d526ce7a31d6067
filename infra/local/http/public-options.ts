import type { FunctionManifest } from '../manifests/manifests.ts'

export interface PublicListenerOptions {
  port: number
  functions: readonly FunctionManifest[]
  /** The path of PUBLIC_URL. */
  basePath?: string | undefined
  /** The function that PUBLIC_URL itself reached before functions had paths of their own. */
  baseFunction?: string
  /** The function that the domains of status pages reach, at all paths that belong to no other function. */
  pageFunction?: string
  limits?: Partial<PublicLimits>
}

export interface PublicLimits {
  /** The maximum number of headers of a request. */
  headers: number
  /** Within this time the headers of a request must arrive. */
  headersMs: number
  /** Within this time the whole request must arrive. */
  requestMs: number
  /**
   * The maximum number of connections that are idle or whose request is still arriving. One more connection closes the
   * least recently used of them.
   */
  waitingConnections: number
  /** The maximum number of bytes of request bodies that are kept in memory at once for one function. */
  bodyBytes: number
  /** The number of refused requests per second that are answered at once. */
  promptRefusals: number
  /** The pause before further refusals in the same second, so that an attacker who tries secrets in a loop is slow. */
  refusalPauseMs: number
}
