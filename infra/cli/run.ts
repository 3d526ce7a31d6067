import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'

const help =
  'run --ping <URL of a heartbeat> -- command [arguments]   runs a job, and pings its start, its exit code and its last output'

/** The largest log of a ping. Longer output is cut at its beginning, because its end says how a job ended. */
const maxLogBytes = 10_000
const pingTimeoutMs = 10_000
/** The pauses before a ping is sent again, if Vigia does not say how long: 31 s in all, as with `curl --retry 5`. */
const pausesMs = [1_000, 2_000, 4_000, 8_000, 16_000]
const longestPauseMs = 30_000

/** Runs a job. A ping that fails changes neither the job nor its exit code. */
export const verb: Verb = {
  help,
  run: async (args, { printError, env }) => {
    const end = args.indexOf('--')
    const { values } = parseArguments({
      args: end < 0 ? args : args.slice(0, end),
      options: { ping: { type: 'string' } },
    })
    const [command, ...rest] = end < 0 ? [] : args.slice(end + 1)
    if (values.ping === undefined || !/^https?:/.test(values.ping) || !URL.canParse(values.ping))
      throw new UsageError('--ping must be the URL of a heartbeat, such as https://vigia.example.org/ping/…')
    if (command === undefined) throw new UsageError('the command is missing; write it after --')

    const runId = randomUUID()
    const ping = async (suffix: string, log?: Buffer) => {
      const failure = await sendPing(pingUrl(values.ping!, suffix, runId), log)
      if (failure !== null) printError(`the ping ${suffix} was not accepted: ${failure}`)
    }
    // The job does not wait for the ping of its start, but the ping of its end does.
    const started = ping('/start')
    const { exitCode, log, failure } = await runCommand(command, rest, env)
    if (failure !== null) printError(`${command}: ${failure}`)
    await started
    await ping(`/${exitCode}`, log)
    return exitCode
  },
}

const pingUrl = (base: string, suffix: string, runId: string): URL => {
  const url = new URL(base)
  url.pathname = url.pathname.replace(/\/+$/, '') + suffix
  url.searchParams.set('rid', runId)
  return url
}

/** Sends a ping, again after failures that may end. Returns why it was not accepted; null if it was. */
const sendPing = async (url: URL, log: Buffer | undefined): Promise<string | null> => {
  for (let attempt = 0; ; attempt++) {
    let failure: string
    let pauseMs = pausesMs[attempt]
    try {
      const body = log === undefined || log.length === 0 ? null : new Uint8Array(log)
      const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(pingTimeoutMs) })
      await response.body?.cancel()
      if (response.ok) return null
      failure = `status ${response.status}`
      if (response.status < 500 && response.status !== 429) return failure
      const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN)
      if (pauseMs !== undefined && retryAfterS > 0) pauseMs = Math.min(retryAfterS * 1_000, longestPauseMs)
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } }
      failure = cause?.code ?? message
    }
    if (pauseMs === undefined) return failure
    await setTimeout(pauseMs)
  }
}

interface Ended {
  exitCode: number
  /** The last output of the command. */
  log: Buffer
  /** Why the command could not be started; null if it was. */
  failure: string | null
}

/** The exit codes of a shell: 127 for a command that cannot be started, 128 plus the signal for one that was killed. */
const notStarted = 127
const killed = 128

/** Runs the command with the terminal's input, and passes its output on. Signals go to the command. */
const runCommand = (command: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['inherit', 'pipe', 'pipe'], env })
    let log = Buffer.alloc(0)
    const keep = (output: NodeJS.WriteStream) => (chunk: Buffer) => {
      output.write(chunk)
      log = Buffer.concat([log, chunk]).subarray(-maxLogBytes)
    }
    child.stdout.on('data', keep(process.stdout))
    child.stderr.on('data', keep(process.stderr))
    const forwards = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(signal => {
      const forward = () => void child.kill(signal)
      process.on(signal, forward)
      return () => process.off(signal, forward)
    })
    const finish = (ended: Omit<Ended, 'log'>) => {
      for (const stop of forwards) stop()
      resolve({ ...ended, log })
    }
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish({ exitCode: notStarted, failure: error.code ?? error.message }),
    )
    child.once('close', (code, signal) =>
      finish({ exitCode: code ?? killed + (signal === null ? 0 : constants.signals[signal]), failure: null }),
    )
  })
