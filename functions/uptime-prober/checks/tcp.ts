import type { Check } from '#events/probe-requested.ts'
import type { Dialled, Dialler } from '#functions/dial/dial.ts'

/** Knocks; good is a connection that stands. Nothing is sent. */
export const checkTcp = (dialler: Dialler, { url, timeoutMs }: Check, attempt: number): Promise<Dialled> =>
  dialler.knock(url, { timeoutMs, attempt })
