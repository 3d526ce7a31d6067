import Type from 'typebox'
import type { RunAttempt } from './check-type.ts'

/** The settings of a monitor of the kind `tcp`. */
export const TcpSettings = Type.Object({}, { additionalProperties: false })

/** Opens a TCP connection and sends nothing. The check passes if the connection is accepted. */
export const checkTcp: RunAttempt = (dialler, { url, timeoutMs }, attemptIndex) =>
  dialler.tcpConnect(url, { timeoutMs, attemptIndex })
