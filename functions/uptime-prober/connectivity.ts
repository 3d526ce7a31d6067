import type { AddressGuard, Dialled } from '#functions/dial/dial.ts'

/** Failures in which nothing came back: the other end may be gone, or we may be cut off. */
const isSilence = ({ error, contact }: Dialled) =>
  !contact && (error === 'timeout' || error === 'dns' || error === 'unreachable')

const sharedForMs = 2_000

/**
 * Hosts whose answer shows that our own network works, as `tcp://host:port`: those of PROBE_REFERENCE (commas between them), else the
 * Bot API, because messages go there. One that answers is enough.
 */
export const referencesIn = (given: string | undefined, apiRoot = 'https://api.telegram.org'): string[] => {
  if (given !== undefined) return given.split(',').map(one => one.trim())
  const { protocol, hostname, port } = new URL(apiRoot)
  return [`tcp://${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`]
}

/** What a reference tells: nothing, that the network works, or that it works while no name had to be resolved. */
export type ReferenceAnswer = boolean | 'without-name'

/** Asks all references at once; the first one that answers is enough. */
export const askReferences = (
  references: readonly string[],
  dial: (url: string) => Promise<Dialled>,
): Promise<ReferenceAnswer> =>
  Promise.any(
    references.map(async (url): Promise<ReferenceAnswer> => {
      const { contact, dnsMs } = await dial(url)
      if (!contact) throw new Error(`${url} does not answer`)
      return dnsMs === null ? 'without-name' : true
    }),
  ).catch((): ReferenceAnswer => false)

/**
 * Where we stand: whether our own network and name server work. Silence is believed when, since that check began, somebody else
 * on the public network was heard (for names: one was resolved), or when the reference answers.
 */
export const vantageOf = (isPublic: AddressGuard, reference: (() => Promise<ReferenceAnswer>) | null) => {
  let heardAt = Number.NEGATIVE_INFINITY
  let resolvedAt = Number.NEGATIVE_INFINITY
  let asked: { at: number; answer: Promise<ReferenceAnswer> } | undefined

  const confirms = async ({ error, noSuchName }: Dialled): Promise<boolean> => {
    if (reference === null) return true
    const now = performance.now()
    if (asked === undefined || now - asked.at > sharedForMs) asked = { at: now, answer: reference() }
    const answer = await asked.answer
    // Our name servers may be away. They are not where they said that the name does not exist.
    return answer === 'without-name' ? error !== 'dns' || noSuchName === true : answer
  }

  return {
    note: (dialled: Dialled): void => {
      if (dialled.address === null || !isPublic(dialled.address)) return
      if (dialled.contact) heardAt = performance.now()
      if (dialled.dnsMs !== null) resolvedAt = performance.now()
    },

    /** Whether the failure of a check that began at `started` (performance.now()) tells of the site. */
    believes: async (failure: Dialled, started: number): Promise<boolean> =>
      failure.error !== 'not-checked' &&
      (!isSilence(failure) || started < (failure.error === 'dns' ? resolvedAt : heardAt) || confirms(failure)),
  }
}

export type Vantage = ReturnType<typeof vantageOf>
