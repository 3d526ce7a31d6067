import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Tick } from '#events/tick.ts'
import { binaryEventHeaders, gate } from '#test/support/function-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

describe('a process', () => {
  const running: ChildProcess[] = []
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })

  /** Starts the function of test/support/function-server.process.ts. A "wait" tick ends after `go.open()` is called. */
  const start = async (env: Record<string, string> = {}) => {
    const go = gate()
    const calls: string[] = []
    const gateServer = createServer((request, response) => {
      calls.push(request.url!)
      if (request.url === '/closed') response.end()
      else void go.opened.then(() => response.end())
    }).listen(0, '127.0.0.1')
    await once(gateServer, 'listening')
    gateServer.unref()
    const freePort = createServer().listen(0, '127.0.0.1')
    await once(freePort, 'listening')
    const { port } = freePort.address() as AddressInfo
    freePort.close()
    await once(freePort, 'close')
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../support/function-server.process.ts')], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        HOST: '127.0.0.1',
        GATE: `http://127.0.0.1:${(gateServer.address() as AddressInfo).port}/`,
        ...env,
      },
    })
    running.push(child)
    let output = ''
    child.stdout.on('data', text => {
      output += text
    })
    child.stderr.on('data', text => {
      output += text
    })
    const exitCode = once(child, 'close').then(([code]) => code as number | null)
    const untilReady = () =>
      until(() => sendRequest(port, { method: 'GET', path: '/healthz' }).then(({ status }) => status === 200))
    const tick = (subject: string, agent?: Agent) => {
      const headers = binaryEventHeaders({ type: Tick.type, subject })
      if (!agent) return sendRequest(port, { headers })
      return new Promise<number>((resolve, reject) => {
        const clientRequest = request({ host: '127.0.0.1', port, method: 'POST', headers, agent }, response => {
          response.resume()
          response.on('end', () => resolve(response.statusCode!))
        })
        clientRequest.on('error', reject)
        clientRequest.end()
      })
    }
    return { child, port, go, calls, exitCode, untilReady, tick, output: () => output }
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'that gets %s finishes its requests, refuses new ones, closes its resources and exits with 0',
    async signal => {
      const { child, port, go, calls, exitCode, untilReady, tick } = await start()
      await untilReady()
      const waiting = tick('wait') as Promise<{ status: number; headers: Record<string, string> }>
      await until(() => calls.includes('/'))
      child.kill(signal)
      await until(() =>
        sendRequest(port, { method: 'GET', path: '/healthz' }).then(
          () => false,
          error => error.code === 'ECONNREFUSED',
        ),
      )
      expect(child.exitCode).toBeNull()
      expect(calls).not.toContain('/closed')
      go.open()
      const answer = await waiting
      expect(answer.status).toBe(204)
      expect(answer.headers.connection).toBe('close')
      expect(await exitCode).toBe(0)
      expect(calls).toContain('/closed')
    },
  )

  test('that gets SIGTERM without requests in progress exits at once, even if connections are open', async () => {
    const { child, exitCode, untilReady, tick } = await start()
    await untilReady()
    const agent = new Agent({ keepAlive: true })
    expect(await tick('nothing', agent)).toBe(204)
    child.kill('SIGTERM')
    expect(await exitCode).toBe(0)
    agent.destroy()
  })

  test.each([
    ['an unhandled rejection', 'reject', 'this promise is not awaited'],
    ['an error event without a listener', 'throw', 'this event has no listener'],
  ])('logs %s as fatal, finishes the other requests and exits with 1', async (_, subject, message) => {
    const { go, calls, exitCode, untilReady, tick, output } = await start()
    await untilReady()
    const waiting = tick('wait')
    await until(() => calls.includes('/'))
    expect(await tick(subject)).toMatchObject({ status: 204 })
    await until(() => output().includes('"fatal"'))
    go.open()
    expect(await waiting).toMatchObject({ status: 204 })
    expect(await exitCode).toBe(1)
    expect(calls).toContain('/closed')
    const fatal = output()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(line => line['log.level'] === 'fatal')
    expect(fatal).toMatchObject([{ 'service.name': 'served', message }])
  })

  test.each([
    ['a warning of Node.js', 'warning', 'warn', 'this will go'],
    ['the console output of a library', 'console', 'error', 'a library says this'],
  ])('writes %s as a log line', async (_, subject, level, message) => {
    const { child, exitCode, untilReady, tick, output } = await start()
    await untilReady()
    expect(await tick(subject)).toMatchObject({ status: 204 })
    await until(() => output().includes(message))
    child.kill('SIGTERM')
    await exitCode
    const lines = output()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.filter(line => line.message === message)).toMatchObject([
      { 'service.name': 'vigia', 'log.level': level },
    ])
  })

  test('redacts secrets in its output and its responses', async () => {
    const secret = 'canary-"quoted"-b7ad6b71'
    const { child, exitCode, untilReady, tick, output } = await start({
      TEST_SECRET: secret,
      DATABASE_URL: 'postgres://vigia:canary%2Fpassword@db/vigia',
    })
    await untilReady()
    const { body } = (await tick('token')) as { body: string }
    expect(body).toBe('refused for [redacted] and [redacted]')
    child.kill('SIGTERM')
    await exitCode
    expect(output()).toContain('refused for [redacted] and [redacted]')
    expect(output()).not.toMatch(/canary|AAAAAAAA/)
  })

  test.each<[string, Record<string, string>, string]>([
    ['a missing variable', { GATE: '' }, 'GATE is not set; infra/local/settings.md describes it'],
    ['an invalid port', { PORT: 'http' }, 'PORT is "http"; it must be a number from 1 to 65535'],
    ['port 0', { PORT: '0' }, 'PORT is "0"; it must be a number from 1 to 65535'],
    [
      'an invalid log level',
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL is "loud"; it can be trace, debug, info, warn, error, fatal, silent',
    ],
    ['a sink that is not a URL', { K_SINK: 'broker' }, 'K_SINK is "broker"; it must be a URL'],
  ])('with %s logs one fatal line and exits with 1', async (_, env, message) => {
    const { exitCode, output } = await start(env)
    expect(await exitCode).toBe(1)
    const lines = output().trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ 'log.level': 'fatal', message })
  })

  test('whose port is in use logs one fatal line and exits with 1', async () => {
    const first = await start()
    await first.untilReady()
    const second = await start({ PORT: String(first.port) })
    expect(await second.exitCode).toBe(1)
    expect(JSON.parse(second.output().trim())).toMatchObject({
      'log.level': 'fatal',
      message: expect.stringContaining('EADDRINUSE'),
    })
  })
})
