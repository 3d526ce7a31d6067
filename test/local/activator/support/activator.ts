import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll } from 'vitest'
import { type Activator, activator } from '#local/activator/activator.ts'
import { functionLog } from '#local/activator/function-log.ts'
import { startProcess } from '#local/activator/function-process.ts'
import { processJournal } from '#local/activator/process-journal.ts'
import { Unavailable } from '#local/activator/slot.ts'
import { commandOf } from '#local/databases/processes.ts'
import type { FunctionManifest } from '#local/manifests/manifests.ts'
import { functionManifest } from '#test/local/support/function-manifest.ts'

// A small function that answers, waits, breaks the connection or exits, depending on the path.
export const program = `
import { createServer } from 'node:http'
import { existsSync } from 'node:fs'
export const waiting = []
export let inFlight = 0
export const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x')
  if (pathname === '/healthz') return response.end('ok')
  if (pathname === '/early') return response.writeHead(413).end()
  if (pathname === '/hang-up') return request.once('data', () => request.socket.destroy())
  inFlight++
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  if (pathname === '/exit') process.exit(3)
  while (pathname === '/until' && !existsSync(searchParams.get('file'))) await new Promise(resolve => setTimeout(resolve, 5))
  const body = { pid: process.pid, maxInFlight: inFlight, env: process.env, method: request.method, received: Buffer.concat(chunks).toString(), headers: request.headers }
  inFlight--
  response.writeHead(pathname === '/status' ? Number(searchParams.get('code')) : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
})
if (process.env.BROKEN) {
  console.error('cannot find a required module')
  process.exit(1)
}
server.listen(Number(process.env.PORT), process.env.HOST)
process.on('SIGTERM', () => {
  console.log('received SIGTERM')
  if (process.env.IGNORE_SIGTERM) return
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
`

export const folder = mkdtempSync(join(tmpdir(), 'vigia-activator-'))
export const file = join(folder, 'function.mjs')
export const journal = processJournal(join(folder, 'processes'))
export const running: Activator[] = []
export const loggedLines: string[] = []
/** The manifest of each process that was started, in the order of the starts. */
export const starts: FunctionManifest[] = []

beforeAll(() => {
  writeFileSync(file, program)
  return () => rmSync(folder, { recursive: true })
})

afterEach(async () => {
  await Promise.all(running.splice(0).map(started => started.close(100)))
  loggedLines.length = 0
  starts.length = 0
})

export const manifest = (changes: Partial<FunctionManifest> = {}): FunctionManifest =>
  functionManifest({ name: 'echo', ...changes })

export const startActivator = (changes: Partial<FunctionManifest> = {}, env: NodeJS.ProcessEnv = {}) => {
  const log = functionLog(join(folder, 'logs'), 'echo', () => {})
  const started = activator(
    [manifest(changes)],
    started => {
      starts.push(started)
      const { readinessPath, startTimeoutMs } = started
      return startProcess({
        command: [process.execPath, file],
        env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', ...env },
        readinessPath,
        startTimeoutMs,
        log,
        remember: pid => journal.remember(pid, [process.execPath, file]),
        forget: journal.forget,
      })
    },
    (_, words) => loggedLines.push(words),
  )
  running.push(started)
  return started
}

export const post = async (started: Activator, path = '/', signal?: AbortSignal) => {
  const reached = await started.reach('echo', signal).catch(error => {
    if (error instanceof Unavailable) return error
    throw error
  })
  if (reached instanceof Unavailable)
    return { status: reached.status, retryAfterS: reached.retryAfterS, body: reached.message, json: () => ({}) as Echo }
  try {
    const answer = await fetch(reached.origin + path, { method: 'POST', body: 'hello' })
    const body = await answer.text()
    return { status: answer.status, retryAfterS: null, body, json: () => JSON.parse(body) as Echo }
  } finally {
    reached.release()
  }
}
interface Echo {
  pid: number
  maxInFlight: number
  received: string
  headers: Record<string, string>
}
export const report = (started: Activator) => started.report()[0]!
export const pids = (started: Activator) => report(started).replicas.map(({ pid }) => pid)
export const isGone = async (pid: number) => (await commandOf(pid)) === null
export let gates = 0
export const gate = () => {
  const path = join(folder, `gate-${gates++}`)
  return { path: `/until?file=${encodeURIComponent(path)}`, open: () => writeFileSync(path, '') }
}
