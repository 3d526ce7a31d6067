import type { AddressGuard, DialResult } from '#functions/dial/dial.ts'

/** Whether a failure came without any response. Then either the site or our own network is unreachable. */
const isWithoutResponse = ({ error, contact }: DialResult) =>
  !contact && (error === 'timeout' || error === 'dns' || error === 'unreachable')

/**
 * The state of the references (see `referencesIn`) is reused for this long, so that many failures at once cause one
 * request to each reference.
 */
const reusedForMs = 2_000

/**
 * Hosts whose response proves that our own network works, as `tcp://host:port`: the value of PROBE_REFERENCE (separated
 * by commas), otherwise the Telegram Bot API, because the messages go there. One response is enough.
 */
export const referencesIn = (configured: string | undefined, apiRoot = 'https://api.telegram.org'): string[] => {
  if (configured !== undefined) return configured.split(',').map(reference => reference.trim())
  const { protocol, hostname, port } = new URL(apiRoot)
  return [`tcp://${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`]
}

/**
 * The state of the references. false: no reference responded; true: a reference responded; 'without-name': the
 * reference that responded needs no name server.
 */
export type ReferenceState = boolean | 'without-name'

/** Connects to all references at once and resolves with the first response. */
export const checkReferences = (
  references: readonly string[],
  dial: (url: string) => Promise<DialResult>,
): Promise<ReferenceState> =>
  Promise.any(
    references.map(async (url): Promise<ReferenceState> => {
      const { contact, dnsMs } = await dial(url)
      if (!contact) throw new Error(`${url} does not answer`)
      return dnsMs === null ? 'without-name' : true
    }),
  ).catch((): ReferenceState => false)

/**
 * Decides from the attempts of all checks whether our own network and name server work. Without a reference (null) it
 * assumes that they work. `isPublic` is false for addresses of the local network, because their responses prove nothing
 * about the connection to the Internet.
 */
export const connectivityTracker = (isPublic: AddressGuard, reference: (() => Promise<ReferenceState>) | null) => {
  let lastContactMs = Number.NEGATIVE_INFINITY
  let lastResolvedMs = Number.NEGATIVE_INFINITY
  let latest: { startedMs: number; state: Promise<ReferenceState> } | undefined

  const referenceConfirms = async ({ error, noSuchName }: DialResult): Promise<boolean> => {
    if (reference === null) return true
    const now = performance.now()
    if (latest === undefined || now - latest.startedMs > reusedForMs) latest = { startedMs: now, state: reference() }
    const state = await latest.state
    // A reference without a name does not prove that our name server works. The name server works if it answered that
    // the name of the site does not exist (`noSuchName`).
    return state === 'without-name' ? error !== 'dns' || noSuchName === true : state
  }

  return {
    /** Notes what an attempt proves about our network. Call it for every attempt. */
    record: (dialled: DialResult): void => {
      if (dialled.address === null || !isPublic(dialled.address)) return
      if (dialled.contact) lastContactMs = performance.now()
      if (dialled.dnsMs !== null) lastResolvedMs = performance.now()
    },

    /**
     * Whether a failed check counts against the site. The check began at `startedMs` (performance.now()). A failure
     * without a response counts only if another public host responded since then (for `dns`: another name was
     * resolved), or if a reference responds now.
     */
    isSiteFault: async (failure: DialResult, startedMs: number): Promise<boolean> =>
      failure.error !== 'not-checked' &&
      failure.error !== 'ping-unavailable' &&
      (!isWithoutResponse(failure) ||
        startedMs < (failure.error === 'dns' ? lastResolvedMs : lastContactMs) ||
        referenceConfirms(failure)),
  }
}

export type Connectivity = ReturnType<typeof connectivityTracker>
