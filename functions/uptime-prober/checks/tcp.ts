import type { Check } from '#events/probe-requested.ts'
import type { Dialler, DialResult } from '#functions/dial/dial.ts'

/** Opens a TCP connection and sends nothing. The check passes if the connection is accepted. */
export const checkTcp = (dialler: Dialler, { url, timeoutMs }: Check, attemptIndex: number): Promise<DialResult> =>
  dialler.tcpConnect(url, { timeoutMs, attemptIndex })
