import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { platform } from 'node:os'
import pLimit from 'p-limit'
import Type, { type Static } from 'typebox'
import type { Attempt } from '#functions/dial/dial-attempt.ts'
import { DialError } from '#functions/dial/dial-error.ts'
import { serviceOf } from '#functions/dial/target.ts'
import type { RunAttempt } from './check-type.ts'
import { commonSettings, dialOptionsOf, withWarnings } from './common.ts'

/** The settings of a monitor of the kind `ping`. */
export const PingSettings = Type.Object(commonSettings, { additionalProperties: false })
export type PingSettings = Static<typeof PingSettings>

/** Each ping is a process. Further pings wait. */
const maxProcesses = 20
const limit = pLimit(maxProcesses)

const usualPrograms = ['/bin/ping', '/usr/bin/ping', '/sbin/ping', '/usr/sbin/ping']

/**
 * Makes the attempt of the kind `ping`: one ICMP echo, sent by the ping program of the machine. A process without
 * privileges may not send ICMP itself. Where there is no program, or it may not send either, the result says so and
 * says nothing about the site.
 */
export const pingWith =
  (programs: readonly string[]): RunAttempt =>
  (dialler, check, attemptIndex) =>
    limit(async () => {
      const { url, timeoutMs } = check
      const dialled = await dialler.attempt(dialOptionsOf(check, attemptIndex), async ({ attempt, addressesOf }) => {
        const parsed = serviceOf(url, 'ping')
        if (!parsed.ok) throw new DialError(parsed.error)
        const program = programs.find(path => existsSync(path))
        if (program === undefined) throw new DialError('ping-unavailable')
        const addresses = await addressesOf(parsed.service.host)
        attempt.addresses = addresses.length
        attempt.address = addresses[attemptIndex % addresses.length]!
        await ping(program, attempt.address, timeoutMs, attempt)
      })
      return withWarnings(dialled, check, (check.settings ?? {}) as PingSettings)
    })

export const checkPing = pingWith(usualPrograms)

/** Runs the program. It gets only an address, which is neither an option nor a name. */
const ping = async (program: string, address: string, timeoutMs: number, attempt: Attempt): Promise<void> => {
  const seconds = String(Math.ceil(timeoutMs / 1_000))
  const limits = platform() === 'darwin' ? ['-t', seconds] : ['-w', seconds]
  const running = new AbortController()
  try {
    await attempt.waitFor<void>((resolve, reject) => {
      execFile(
        program,
        ['-c', '1', ...limits, address],
        { env: { LC_ALL: 'C' }, maxBuffer: 16 * 1024, signal: running.signal, windowsHide: true },
        (error, output, errors) => {
          const roundTrip = /\btime[=<]([\d.]+) ?ms/.exec(output)?.[1]
          if (error === null && roundTrip !== undefined) {
            attempt.contact = true
            attempt.addPhaseTime('firstByteMs', performance.now() - Number(roundTrip))
            resolve()
          } else reject(new DialError(errorOf(output + errors, error)))
        },
      )
    })
  } finally {
    running.abort()
  }
}

const errorOf = (text: string, error: (Error & { code?: unknown }) | null) => {
  if (/unreachable|no route/i.test(text)) return 'unreachable'
  if (/100(?:\.0)?% packet loss/.test(text) || error?.code === 1) return 'timeout'
  return 'ping-unavailable'
}
