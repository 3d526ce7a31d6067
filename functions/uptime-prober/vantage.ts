import type { AddressGuard, Dialled } from '../safe-dial.ts'

/** Failures in which nothing came back: the other end may be gone, or we may be cut off. */
const isSilence = ({ error, contact }: Dialled) =>
  !contact && (error === 'timeout' || error === 'dns' || error === 'unreachable')

const sharedForMs = 2_000

/**
 * Where we stand: whether our own network and name server work. Silence is believed when, since that check began, somebody else
 * on the public network was heard (for names: one was resolved), or when the reference answers.
 */
export const vantageOf = (isPublic: AddressGuard, reference: (() => Promise<boolean>) | null) => {
  let heardAt = Number.NEGATIVE_INFINITY
  let resolvedAt = Number.NEGATIVE_INFINITY
  let asked: { at: number; answer: Promise<boolean> } | undefined

  const answers = () => {
    if (reference === null) return true
    const now = performance.now()
    if (asked === undefined || now - asked.at > sharedForMs) asked = { at: now, answer: reference() }
    return asked.answer
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
      (!isSilence(failure) || started < (failure.error === 'dns' ? resolvedAt : heardAt) || answers()),
  }
}

export type Vantage = ReturnType<typeof vantageOf>
