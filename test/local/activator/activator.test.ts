import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Activator, activator } from '#local/activator/activator.ts'
import { functionLog } from '#local/activator/function-log.ts'
import { startProcess } from '#local/activator/function-process.ts'
import { levelOf, readable } from '#local/activator/log-lines.ts'
import { processJournal } from '#local/activator/process-journal.ts'
import { processesWanted, requestsTaken } from '#local/activator/scale.ts'
import { Unavailable } from '#local/activator/slot.ts'
import { commandOf } from '#local/databases/processes.ts'
import type { FunctionManifest } from '#local/manifests/manifests.ts'
import { insisting, times } from '#test/functions/dial/support/raw.ts'
import { until } from '#test/support/until.ts'

// A function of the size of its test: answers, waits, breaks and ends as the path says.
const program = `
import { createServer } from 'node:http'
import { existsSync } from 'node:fs'
const waiting = []
let inFlight = 0
const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x')
  if (pathname === '/healthz') return response.end('ok')
  if (pathname === '/early') return response.writeHead(413).end()
  if (pathname === '/hang-up') return request.once('data', () => request.socket.destroy())
  inFlight++
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  if (pathname === '/exit') process.exit(3)
  while (pathname === '/until' && !existsSync(searchParams.get('file'))) await new Promise(resolve => setTimeout(resolve, 5))
  const body = { pid: process.pid, most: inFlight, env: process.env, got: Buffer.concat(chunks).toString(), headers: request.headers }
  inFlight--
  response.writeHead(pathname === '/status' ? Number(searchParams.get('code')) : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
})
if (process.env.BROKEN) {
  console.error('cannot find the thing it needs')
  process.exit(1)
}
server.listen(Number(process.env.PORT), process.env.HOST)
process.on('SIGTERM', () => {
  console.log('told to end')
  if (process.env.STUBBORN) return
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
`

const folder = mkdtempSync(join(tmpdir(), 'vigia-activator-'))
const file = join(folder, 'function.mjs')
const journal = processJournal(join(folder, 'processes'))
const running: Activator[] = []
const said: string[] = []

beforeAll(() => {
  writeFileSync(file, program)
  return () => rmSync(folder, { recursive: true })
})

afterEach(async () => {
  await Promise.all(running.splice(0).map(one => one.close(100)))
  said.length = 0
})

const manifest = (given: Partial<FunctionManifest> = {}): FunctionManifest => ({
  file: 'knative/services/echo.yaml',
  line: 1,
  name: 'echo',
  target: 'echo',
  visibility: 'cluster-local',
  public: null,
  env: [],
  sink: null,
  ceOverrides: '',
  containerConcurrency: 10,
  softConcurrency: 100,
  minScale: 0,
  maxScale: 0,
  activationScale: 1,
  idleMs: 60_000,
  timeoutMs: 10_000,
  startTimeoutMs: 20_000,
  readinessPath: '/healthz',
  ...given,
})

const started = (given: Partial<FunctionManifest> = {}, env: NodeJS.ProcessEnv = {}) => {
  const log = functionLog(join(folder, 'logs'), 'echo', () => {})
  const one = activator(
    [manifest(given)],
    ({ readinessPath, startTimeoutMs }) =>
      startProcess({
        command: [process.execPath, file],
        env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', ...env },
        readinessPath,
        startTimeoutMs,
        log,
        remember: pid => journal.remember(pid, [process.execPath, file]),
        forget: journal.forget,
      }),
    (_, words) => said.push(words),
  )
  running.push(one)
  return one
}

const post = async (one: Activator, path = '/', signal?: AbortSignal) => {
  const reached = await one.reach('echo', signal).catch(error => {
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
  most: number
  got: string
  headers: Record<string, string>
}
const report = (one: Activator) => one.report()[0]!
const pids = (one: Activator) => report(one).replicas.map(({ pid }) => pid)
const isGone = async (pid: number) => (await commandOf(pid)) === null
let gates = 0
const gate = () => {
  const path = join(folder, `gate-${gates++}`)
  return { path: `/until?file=${encodeURIComponent(path)}`, open: () => writeFileSync(path, '') }
}

describe('from zero', () => {
  test('nothing runs before the first request, which starts one process and gets its answer', async () => {
    const one = started()
    expect(report(one)).toEqual({ name: 'echo', state: 'zero', replicas: [], coldStarts: 0 })
    const { status, json } = await post(one)
    expect(status).toBe(200)
    expect(json().got).toBe('hello')
    expect(report(one)).toMatchObject({ state: 'ready', coldStarts: 1, replicas: [{ pid: json().pid, inFlight: 0 }] })
  })

  test('100 requests at once start as many processes as their concurrency asks for', async () => {
    const one = started({ containerConcurrency: 25 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(one)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(report(one).coldStarts).toBe(4)
  })

  test('100 requests at once start no more than max-scale, and wait their turn', async () => {
    const one = started({ containerConcurrency: 10, maxScale: 2 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(one)))
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
    expect(report(one).coldStarts).toBe(2)
  })

  test('a process never works on more than containerConcurrency at once', async () => {
    const one = started({ containerConcurrency: 3, maxScale: 1 })
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(one)))
    expect(Math.max(...answers.map(({ json }) => json().most))).toBeLessThanOrEqual(3)
  })

  test('a process without a limit takes everything at once', async () => {
    const one = started({ containerConcurrency: 0 })
    const { path, open } = gate()
    const answers = Array.from({ length: 40 }, () => post(one, path))
    await until(() => report(one).replicas[0]?.inFlight === 40)
    open()
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true)
    expect(report(one).coldStarts).toBe(1)
  })

  test('what does not fit into the queue is refused with 503 and a time to come again', async () => {
    const one = started({ containerConcurrency: 1, maxScale: 1 })
    const { path, open } = gate()
    const taken = Array.from({ length: 11 }, () => post(one, path))
    const refused = await post(one, path)
    expect(refused.status).toBe(503)
    expect(refused.retryAfterS).toBe(1)
    open()
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual(Array(11).fill(200))
  })

  test('who gives up while waiting leaves the queue', async () => {
    const one = started({ containerConcurrency: 1, maxScale: 1 })
    const { path, open } = gate()
    const first = post(one, path)
    const gaveUp = new AbortController()
    const second = post(one, '/', gaveUp.signal)
    expect(one.waiting('echo')).toBe(2)
    gaveUp.abort(new Error('the broker has no more time'))
    await expect(second).rejects.toThrow('no more time')
    expect(one.waiting('echo')).toBe(1)
    open()
    await first
  })
})

describe('to zero', () => {
  test('a process goes when it has been idle for its time, and only the record of its log stays', async () => {
    const one = started({ idleMs: 50 })
    const { pid } = (await post(one)).json()
    await until(() => report(one).state === 'zero')
    expect(await isGone(pid)).toBe(true)
    expect(readFileSync(join(folder, 'logs/echo.log'), 'utf8')).toContain('told to end')
  })

  test('min-scale processes stay', async () => {
    const one = started({ idleMs: 50, minScale: 1, containerConcurrency: 1 })
    one.warm()
    await until(() => report(one).state === 'ready')
    await Promise.all([post(one), post(one), post(one)])
    expect(report(one).coldStarts).toBe(3)
    await until(() => report(one).replicas.length === 1)
    expect(report(one).state).toBe('ready')
  })

  test('draining waits for what is in flight, while new requests get a new process', async () => {
    const one = started()
    const { path, open } = gate()
    const slow = post(one, path)
    await until(() => report(one).replicas[0]?.inFlight === 1)
    const drained = one.stop('echo')
    expect(report(one).state).toBe('draining')
    const other = await post(one)
    open()
    const { status, json } = await slow
    await drained
    expect(status).toBe(200)
    expect(json().pid).not.toBe(other.json().pid)
    expect(await isGone(json().pid)).toBe(true)
    expect(pids(one)).toEqual([other.json().pid])
  })

  test('what does not end when told is killed', async () => {
    const one = started({ timeoutMs: 200 }, { STUBBORN: '1' })
    const { pid } = (await post(one)).json()
    await one.stop('echo')
    expect(await isGone(pid)).toBe(true)
  })

  test('closing ends every process, the busy and the starting ones too', async () => {
    const one = started({ containerConcurrency: 1 })
    const { path } = gate()
    await post(one)
    const busy = [post(one, path), post(one, path), post(one, path)].map(request => request.catch(error => error))
    await until(() => report(one).replicas.length === 3)
    const all = pids(one)
    await one.close(50)
    await Promise.all(busy)
    for (const pid of all) expect(await isGone(pid)).toBe(true)
    expect((await post(one).catch(error => error)).status).toBe(503)
  })
})

describe('when a process fails', () => {
  test('one that cannot start answers 503 with its last words, is not tried for a while, and shows as crashed', async () => {
    const one = started({}, { BROKEN: '1' })
    const answers = await Promise.all([post(one), post(one)])
    for (const { status, body, retryAfterS } of answers) {
      expect(status).toBe(503)
      expect(body).toContain('ended before it was ready (exit code 1)')
      expect(retryAfterS).toBe(1)
    }
    expect(said.join('\n')).toContain('cannot find the thing it needs')
    expect(report(one)).toMatchObject({ state: 'crashed', coldStarts: 1, replicas: [] })
    expect(one.faults()).toEqual(['echo ended before it was ready (exit code 1)'])
    expect((await post(one)).status).toBe(503)
    expect(report(one).coldStarts).toBe(1)
  })

  test('a request that ends its process fails alone: a later one gets a new process', async () => {
    const one = started()
    const { pid } = (await post(one)).json()
    await expect(post(one, '/exit')).rejects.toThrow()
    await until(() => isGone(pid))
    const { status, json } = await until(async () => {
      const answer = await post(one)
      return answer.status === 200 ? answer : undefined
    })
    expect(status).toBe(200)
    expect(json().pid).not.toBe(pid)
  })

  test('a process killed from outside is replaced', async () => {
    const one = started()
    const { pid } = (await post(one)).json()
    process.kill(pid, 'SIGKILL')
    await until(() => isGone(pid))
    const other = await until(async () => ((await post(one)).status === 200 ? post(one) : undefined))
    expect(other.json().pid).not.toBe(pid)
  })

  test('the state is that of now: one killed while young shows as crashed until it has worked again', async () => {
    const one = started({ idleMs: 50 })
    process.kill((await post(one)).json().pid, 'SIGKILL')
    await until(() => report(one).state === 'crashed')
    expect(one.faults(), 'it can be started').toEqual([])
    await until(async () => (await post(one)).status === 200)
    await until(() => report(one).state === 'zero')
    expect(report(one).replicas).toEqual([])
  })
})

describe('the proxy', () => {
  let server: Server
  const listen = async (one: Activator) => {
    server = createServer((request, response) => void one.proxy('echo', request, response))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  test('hands on method, path, headers, body and status', async () => {
    const origin = await listen(started())
    const answer = await fetch(`${origin}/status?code=418`, { method: 'PUT', body: 'olá', headers: { 'x-mine': '1' } })
    expect(answer.status).toBe(418)
    const { got, headers } = (await answer.json()) as { got: string; headers: Record<string, string> }
    expect(got).toBe('olá')
    expect(headers['x-mine']).toBe('1')
    expect(headers.connection).not.toBe('close')
  })

  test('a large body passes through both ways', async () => {
    const origin = await listen(started())
    const body = 'x'.repeat(3_000_000)
    const { got } = (await (await fetch(origin, { method: 'POST', body })).json()) as { got: string }
    expect(got.length).toBe(body.length)
  })

  test.each([
    ['an announced length', 'Content-Length: 3145728', times(48, 'x'.repeat(65_536))],
    ['chunks', 'Transfer-Encoding: chunked', times(48, `10000\r\n${'x'.repeat(65_536)}\r\n`)],
  ])('the answer of a function that wants no body reaches a client that is still writing: %s', async (_, how, body) => {
    const one = started()
    await listen(one)
    const { port } = server.address() as AddressInfo
    expect(await insisting(port, `POST /early HTTP/1.1\r\nHost: x\r\n${how}\r\n\r\n`, body)).toBe(413)
    await until(() => report(one).replicas[0]?.inFlight === 0)
  })

  test('a function that hangs up in the middle of a body is a 502 to a client that is still writing', async () => {
    await listen(started())
    const { port } = server.address() as AddressInfo
    const head = 'POST /hang-up HTTP/1.1\r\nHost: x\r\nContent-Length: 3145728\r\n\r\n'
    expect(await insisting(port, head, times(48, 'x'.repeat(65_536)))).toBe(502)
  })

  test('a client that leaves in the middle of its body frees its place', async () => {
    const one = started()
    await listen(one)
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    await until(() => report(one).replicas[0]?.inFlight === 1)
    socket.destroy()
    await until(() => report(one).replicas[0]?.inFlight === 0)
  })

  test('a stranger learns nothing of the inside from a failure', async () => {
    const one = started({}, { BROKEN: '1' })
    server = createServer(
      (request, response) => void one.proxy('echo', request, response, { path: '/x', body: Buffer.alloc(0) }),
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect([answer.status, await answer.text()]).toEqual([503, ''])
  })

  test('a client that leaves frees its place', async () => {
    const one = started()
    const origin = await listen(one)
    const { path, open } = gate()
    const left = new AbortController()
    const request = fetch(origin + path, { signal: left.signal }).catch(error => error)
    await until(() => report(one).replicas[0]?.inFlight === 1)
    left.abort()
    await request
    await until(() => report(one).replicas[0]?.inFlight === 0)
    open()
    expect((await fetch(origin)).status).toBe(200)
  })

  test('one that takes longer than its timeoutSeconds answers 504', async () => {
    const origin = await listen(started({ timeoutMs: 1000 }))
    const { path, open } = gate()
    expect((await fetch(origin + path)).status).toBe(504)
    open()
  })

  test('a function that breaks the connection is a 502, one that cannot start a 503', async () => {
    const origin = await listen(started())
    expect((await fetch(`${origin}/exit`)).status).toBe(502)
    server.close()
    const broken = await listen(started({}, { BROKEN: '1' }))
    const answer = await fetch(broken)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})

describe('what a killed runtime leaves behind', () => {
  test('is found by pid, start and command, and ended; a stranger with the same pid is left alone', async () => {
    const one = started()
    const { pid } = (await post(one)).json()
    journal.remember(process.pid, ['somebody', 'else'])
    expect(await journal.endOrphans()).toBe(1)
    await until(() => isGone(pid), { what: 'the orphan to be gone' })
    expect(await journal.endOrphans()).toBe(0)
  })
})

describe('how many processes', () => {
  const scale = { containerConcurrency: 10, softConcurrency: 100, minScale: 0, maxScale: 0, activationScale: 1 }
  test.each([
    ['nothing to do', 0, 0, scale, 0],
    ['one request', 1, 0, scale, 1],
    ['ten requests', 10, 0, scale, 1],
    ['eleven requests', 11, 1, scale, 2],
    ['bounded by max-scale', 1000, 1, { ...scale, maxScale: 4 }, 4],
    ['kept by min-scale', 0, 0, { ...scale, minScale: 2 }, 2],
    ['the step from zero', 1, 0, { ...scale, activationScale: 3 }, 3],
    ['later steps', 1, 1, { ...scale, activationScale: 3 }, 1],
    ['without a limit', 101, 1, { ...scale, containerConcurrency: 0 }, 2],
    ['more than a machine bears', 100_000, 1, { ...scale, containerConcurrency: 1 }, 100],
  ])('%s', (_, requests, living, given, wanted) => expect(processesWanted(requests, living, given)).toBe(wanted))

  test('each process has ten times its concurrency waiting at most', () => {
    expect(requestsTaken(0, scale)).toBe(110)
    expect(requestsTaken(2, scale)).toBe(220)
  })
})

describe('what functions say', () => {
  const logs = join(folder, 'said')
  const said = async (...chunks: string[]) => {
    const shown: string[] = []
    const log = functionLog(logs, 'speaker', (_, line) => shown.push(line), 10_000)
    const output = Readable.from(chunks)
    const { last } = log.follow(output)
    await until(() => output.readableEnded)
    await log.close()
    return { shown, last: last(), file: readFileSync(join(logs, 'speaker.log'), 'utf8') }
  }

  test('is cut into lines however it comes, and the end of it is at hand for a crash', async () => {
    const { shown, last } = await said(
      '{"level":"info","message":"one"',
      '}\n{"level":"error","message":"tw',
      'o"}\nno new line',
    )
    expect(shown).toEqual(['{"level":"info","message":"one"}', '{"level":"error","message":"two"}', 'no new line'])
    expect(last).toEqual(['one', 'two', 'no new line'])
  })

  test('holds no secret even when a crash prints one', async () => {
    const token = `123456789:${'A'.repeat(35)}`
    const { shown, file } = await said(`TypeError: fetch failed https://api.telegram.org/bot${token}/sendMessage\n`)
    expect(shown.join()).not.toContain(token)
    expect(file).not.toContain(token)
  })

  test('fills one file of bounded size, and keeps the one before', async () => {
    for (let round = 0; round < 5; round++) await said(`${'x'.repeat(4_000)}\n`)
    await said('after\n')
    expect(statSync(join(logs, 'speaker.log.1')).size).toBeGreaterThan(10_000)
    expect(statSync(join(logs, 'speaker.log')).size).toBeLessThan(10_000)
  })

  test('is shown where the folder of the logs takes no file, and is written once it does', async () => {
    rmSync(logs, { recursive: true, force: true })
    writeFileSync(logs, '')
    const log = functionLog(logs, 'speaker', () => {})
    const { last } = log.follow(Readable.from(['one\n']))
    await until(() => last().length === 1)
    await log.close()
    rmSync(logs)
    expect((await said('two\n')).file).toBe('two\n')
  })

  test.each([
    ['{"level":"warn","time":"x","message":"slow"}', 'warn', 'slow'],
    [
      '{"level":"error","error":{"type":"Error","message":"no route"},"message":"failed","ms":5}',
      'error',
      'failed  no route  ms=5',
    ],
    ['Error: boom', 'error', 'Error: boom'],
    ['(node:17) [DEP0040] DeprecationWarning: punycode', 'debug', '(node:17) [DEP0040] DeprecationWarning: punycode'],
    ['{"broken', 'error', '{"broken'],
  ])('%s', (line, level, words) => {
    expect(levelOf(line)).toBe(level)
    expect(readable(line)).toBe(words)
  })
})
