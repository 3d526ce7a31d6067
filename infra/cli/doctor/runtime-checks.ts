import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { packageVersion } from '#infra/delivery/package-version.ts'
import { countText } from './figures.ts'
import { failed, ok, type Result, skipped, warning } from './finding.ts'

/** A running Vigia on this machine. */
export interface Runtime {
  /** The reasons why it is not ready; empty if it is. */
  waitingFor: string[]
  /** How long it has been running, in seconds. */
  runningS: number
  /** The release of each function that runs now, by name: `1.4.2 (d1b2c3)`. */
  releases: Record<string, string>
}

const addressOf = (port: string) => `http://127.0.0.1:${port}`

/** Sends GET. Uses node:http, because `fetch` does not send the Host header that it is given. */
const get = async (url: string, host: string, timeoutMs: number): Promise<{ status: number; body: string }> => {
  const request = http.get(url, { headers: { host }, signal: AbortSignal.timeout(timeoutMs) })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return { status: response.statusCode!, body: await text(response) }
}

/** Asks the Vigia on `port`; null if none answers. Starts no function. */
export const runtimeOn = async (port: string, timeoutMs: number): Promise<Runtime | null> => {
  const ask = async (path: string, host = 'localhost', expected = [200]) => {
    const { status, body } = await get(`${addressOf(port)}${path}`, host, timeoutMs)
    if (!expected.includes(status)) throw new Error(`${path} is answered with ${status}`)
    return body
  }
  const json = async <T>(path: string, host?: string, expected?: number[]) =>
    JSON.parse(await ask(path, host, expected)) as T
  const ready = await json<{ waitingFor: string[] }>('/readyz', undefined, [200, 503]).catch(() => null)
  if (ready === null) return null
  // While Vigia starts, it answers only /readyz.
  const [metrics, functions] = await Promise.all([
    ask('/metrics'),
    json<{ name: string; state: string }[]>('/api/functions'),
  ]).catch(() => ['', []] as const)
  const startedAtS = Number(/^process_start_time_seconds (\S+)$/m.exec(metrics)?.[1] ?? Date.now() / 1_000)
  const releases: Record<string, string> = {}
  for (const { name } of functions.filter(({ state }) => state === 'ready')) {
    // A function that has stopped meanwhile is left out.
    const release = await json<{ version: string; revision: string }>('/version', `${name}.localhost`).catch(() => null)
    if (release !== null) releases[name] = `${release.version} (${release.revision})`
  }
  return { waitingFor: ready.waitingFor, runningS: Date.now() / 1_000 - startedAtS, releases }
}

export const runtimeCheck = (runtime: Runtime | null, port: string): Result => {
  if (runtime === null)
    return failed(
      `Vigia does not answer on port ${port}`,
      'No event is delivered and no tick is sent while it does not run.',
      'npm start, or systemctl status vigia; PORT=… if it runs on another port',
    )
  if (runtime.waitingFor.length === 0) return ok(`Vigia answers on port ${port} and is ready`)
  return failed(
    `Vigia is not ready: ${runtime.waitingFor.join('; ')}`,
    'Events may be refused or wait until this is repaired.',
    `curl ${addressOf(port)}/readyz`,
  )
}

/** `expected` is the version of the checkout. */
export const versionsCheck = (runtime: Runtime | null, expected: string = packageVersion()): Result => {
  if (runtime === null) return skipped('needs a running Vigia')
  const releases = [...new Set(Object.values(runtime.releases))]
  if (releases.length === 0) return skipped(`no function runs now; the checkout is ${expected}`)
  if (releases.length > 1) {
    const each = releases.map(release => `${release}: ${namesOf(runtime, release).join(', ')}`)
    return failed(
      `functions run different releases: ${each.join('; ')}`,
      'Functions of different releases may not understand the events and tables of each other.',
      'restart Vigia',
    )
  }
  return releases[0]!.startsWith(`${expected} (`)
    ? ok(
        `${releases[0]} in ${countText(Object.keys(runtime.releases).length, 'function that runs', 'functions that run')}`,
      )
    : warning(
        `Vigia runs ${releases[0]}, but the checkout is ${expected}`,
        'The new release does not work until Vigia is restarted.',
        'restart Vigia',
      )
}

const namesOf = ({ releases }: Runtime, release: string) =>
  Object.keys(releases).filter(name => releases[name] === release)

/** Whether the broker of a cluster answers at its address, with any status. Publishes nothing. */
export const brokerCheck = async (sink: string, timeoutMs: number): Promise<Result> => {
  try {
    const { status } = await fetch(sink, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    if (status < 500) return ok(`the broker answers (status ${status} to GET)`)
    return failed(`the broker answers GET with ${status}`, 'Events are not accepted.', 'kubectl -n vigia get broker')
  } catch (error) {
    const { message, cause } = error as Error
    return failed(
      `the broker does not answer: ${(cause as { code?: string } | undefined)?.code ?? message}`,
      'Functions cannot publish events, so nothing works.',
      'kubectl -n vigia get broker default',
    )
  }
}
