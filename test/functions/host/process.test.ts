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

  /** Starts a served function of test/support/function-server.process.ts; `gateServer` holds what it waits for. */
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
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await once(probe, 'close')
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
    let said = ''
    child.stdout.on('data', text => {
      said += text
    })
    child.stderr.on('data', text => {
      said += text
    })
    const ended = once(child, 'close').then(([code]) => code as number | null)
    const up = () =>
      until(() => sendRequest(port, { method: 'GET', path: '/healthz' }).then(({ status }) => status === 200))
    const tick = (subject: string, agent?: Agent) => {
      const headers = binaryEventHeaders({ type: Tick.type, subject })
      if (!agent) return sendRequest(port, { headers })
      return new Promise<number>((resolve, reject) => {
        const asking = request({ host: '127.0.0.1', port, method: 'POST', headers, agent }, response => {
          response.resume()
          response.on('end', () => resolve(response.statusCode!))
        })
        asking.on('error', reject)
        asking.end()
      })
    }
    return { child, port, go, calls, ended, up, tick, said: () => said }
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'that gets %s finishes what it has, takes nothing new, closes and ends well',
    async signal => {
      const { child, port, go, calls, ended, up, tick } = await start()
      await up()
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
      expect(await ended).toBe(0)
      expect(calls).toContain('/closed')
    },
  )

  test('that nobody talks to ends at once, though connections are open', async () => {
    const { child, ended, up, tick } = await start()
    await up()
    const agent = new Agent({ keepAlive: true })
    expect(await tick('nothing', agent)).toBe(204)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    agent.destroy()
  })

  test.each([
    ['a promise that nobody awaited', 'reject', 'nobody awaited this'],
    ['an error event that nobody listened to', 'throw', 'nobody listened to this'],
  ])('in which fails %s says so, finishes the other requests, and ends with 1', async (_, subject, message) => {
    const { go, calls, ended, up, tick, said } = await start()
    await up()
    const waiting = tick('wait')
    await until(() => calls.includes('/'))
    expect(await tick(subject)).toMatchObject({ status: 204 })
    await until(() => said().includes('"fatal"'))
    go.open()
    expect(await waiting).toMatchObject({ status: 204 })
    expect(await ended).toBe(1)
    expect(calls).toContain('/closed')
    const fatal = said()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(({ level }) => level === 'fatal')
    expect(fatal).toMatchObject([{ function: 'served', message }])
  })

  test.each([
    ["Node's warning", 'warning', 'warn', 'this will go'],
    ['what a library prints', 'console', 'error', 'a library says this'],
  ])('makes %s a line of its log', async (_, subject, level, message) => {
    const { child, ended, up, tick, said } = await start()
    await up()
    expect(await tick(subject)).toMatchObject({ status: 204 })
    await until(() => said().includes(message))
    child.kill('SIGTERM')
    await ended
    const lines = said()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.filter(line => line.message === message)).toMatchObject([{ function: 'vigia', level }])
  })

  test('lets no secret into its output or its answers', async () => {
    const secret = 'canary-"quoted"-b7ad6b71'
    const { child, ended, up, tick, said } = await start({
      TEST_SECRET: secret,
      DATABASE_URL: 'postgres://vigia:canary%2Fpassword@db/vigia',
    })
    await up()
    const { body } = (await tick('token')) as { body: string }
    expect(body).toBe('refused for [redacted] and [redacted]')
    child.kill('SIGTERM')
    await ended
    expect(said()).toContain('refused for [redacted] and [redacted]')
    expect(said()).not.toMatch(/canary|AAAAAAAA/)
  })

  test.each<[string, Record<string, string>, string]>([
    ['a missing variable', { GATE: '' }, 'GATE is not set; the README says what belongs there'],
    ['a port that is none', { PORT: 'http' }, 'PORT is "http"; it must be a number from 1 to 65535'],
    [
      'a level that is none',
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL is "loud"; it can be trace, debug, info, warn, error, fatal, silent',
    ],
    ['a sink that is no URL', { K_SINK: 'broker' }, 'K_SINK is "broker", which is not a URL'],
  ])('with %s ends with one line that says so', async (_, env, message) => {
    const { ended, said } = await start(env)
    expect(await ended).toBe(1)
    const lines = said().trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'fatal', message })
  })

  test('whose port is taken ends with one line that says so', async () => {
    const first = await start()
    await first.up()
    const second = await start({ PORT: String(first.port) })
    expect(await second.ended).toBe(1)
    expect(JSON.parse(second.said().trim())).toMatchObject({
      level: 'fatal',
      message: expect.stringContaining('EADDRINUSE'),
    })
  })
})
