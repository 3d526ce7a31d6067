import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  folder,
  gate,
  isGone,
  journal,
  loggedLines,
  pids,
  post,
  report,
  startActivator,
} from '#test/local/activator/support/activator.ts'
import { until } from '#test/support/until.ts'

describe('from zero', () => {
  test('no process runs before the first request, which starts one and gets its answer', async () => {
    const one = startActivator()
    expect(report(one)).toEqual({ name: 'echo', state: 'zero', replicas: [], coldStarts: 0 })
    const { status, json } = await post(one)
    expect(status).toBe(200)
    expect(json().got).toBe('hello')
    expect(report(one)).toMatchObject({ state: 'ready', coldStarts: 1, replicas: [{ pid: json().pid, inFlight: 0 }] })
  })

  test('100 requests at once start as many processes as containerConcurrency requires', async () => {
    const one = startActivator({ containerConcurrency: 25 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(one)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(report(one).coldStarts).toBe(4)
  })

  test('100 requests at once start no more than max-scale processes, and the rest waits in the queue', async () => {
    const one = startActivator({ containerConcurrency: 10, maxScale: 2 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(one)))
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
    expect(report(one).coldStarts).toBe(2)
  })

  test('a process never gets more than containerConcurrency requests at once', async () => {
    const one = startActivator({ containerConcurrency: 3, maxScale: 1 })
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(one)))
    expect(Math.max(...answers.map(({ json }) => json().most))).toBeLessThanOrEqual(3)
  })

  test('a process without a limit gets all requests at once', async () => {
    const one = startActivator({ containerConcurrency: 0 })
    const { path, open } = gate()
    const answers = Array.from({ length: 40 }, () => post(one, path))
    await until(() => report(one).replicas[0]?.inFlight === 40)
    open()
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true)
    expect(report(one).coldStarts).toBe(1)
  })

  test('a request that does not fit into the queue is refused with 503 and Retry-After', async () => {
    const one = startActivator({ containerConcurrency: 1, maxScale: 1 })
    const { path, open } = gate()
    const taken = Array.from({ length: 11 }, () => post(one, path))
    const refused = await post(one, path)
    expect(refused.status).toBe(503)
    expect(refused.retryAfterS).toBe(1)
    open()
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual(Array(11).fill(200))
  })

  test('a caller that gives up while it waits leaves the queue', async () => {
    const one = startActivator({ containerConcurrency: 1, maxScale: 1 })
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
  test('a process ends after its idle time, and only its log file stays', async () => {
    const one = startActivator({ idleMs: 50 })
    const { pid } = (await post(one)).json()
    await until(() => report(one).state === 'zero')
    expect(await isGone(pid)).toBe(true)
    expect(readFileSync(join(folder, 'logs/echo.log'), 'utf8')).toContain('received SIGTERM')
  })

  test('as many processes as min-scale stay', async () => {
    const one = startActivator({ idleMs: 50, minScale: 1, containerConcurrency: 1 })
    one.warm()
    await until(() => report(one).state === 'ready')
    await Promise.all([post(one), post(one), post(one)])
    expect(report(one).coldStarts).toBe(3)
    await until(() => report(one).replicas.length === 1)
    expect(report(one).state).toBe('ready')
  })

  test('draining waits for the requests in flight, while new requests get a new process', async () => {
    const one = startActivator()
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

  test('a process that ignores SIGTERM is killed', async () => {
    const one = startActivator({ timeoutMs: 200 }, { STUBBORN: '1' })
    const { pid } = (await post(one)).json()
    await one.stop('echo')
    expect(await isGone(pid)).toBe(true)
  })

  test('closing ends every process, also busy and starting ones', async () => {
    const one = startActivator({ containerConcurrency: 1 })
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
  test('a function that cannot start: requests get 503 with its last output, there is a pause before the next start, and the state is crashed', async () => {
    const one = startActivator({}, { BROKEN: '1' })
    const answers = await Promise.all([post(one), post(one)])
    for (const { status, body, retryAfterS } of answers) {
      expect(status).toBe(503)
      expect(body).toContain('ended before it was ready (exit code 1)')
      expect(retryAfterS).toBe(1)
    }
    expect(loggedLines.join('\n')).toContain('cannot find the thing it needs')
    expect(report(one)).toMatchObject({ state: 'crashed', coldStarts: 1, replicas: [] })
    expect(one.faults()).toEqual(['echo ended before it was ready (exit code 1)'])
    expect((await post(one)).status).toBe(503)
    expect(report(one).coldStarts).toBe(1)
  })

  test('a request that crashes its process fails, and a later request gets a new process', async () => {
    const one = startActivator()
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
    const one = startActivator()
    const { pid } = (await post(one)).json()
    process.kill(pid, 'SIGKILL')
    await until(() => isGone(pid))
    const other = await until(async () => ((await post(one)).status === 200 ? post(one) : undefined))
    expect(other.json().pid).not.toBe(pid)
  })

  test('a process that is killed soon after its start makes the state crashed until a later process has worked', async () => {
    // The idle time is so long that even on a busy machine the test kills the process before the pool drains it.
    const one = startActivator({ idleMs: 2_000 })
    process.kill((await post(one)).json().pid, 'SIGKILL')
    await until(() => report(one).state === 'crashed')
    expect(one.faults(), 'it can be started').toEqual([])
    await until(async () => (await post(one)).status === 200)
    await until(() => report(one).state === 'zero')
    expect(report(one).replicas).toEqual([])
  })
})

describe('processes that a killed runtime leaves behind', () => {
  test('are found by pid, start time and command, and ended; another program with the same pid is not', async () => {
    const one = startActivator()
    const { pid } = (await post(one)).json()
    journal.remember(process.pid, ['another', 'program'])
    expect(await journal.endOrphans()).toBe(1)
    await until(() => isGone(pid), { what: 'the orphan to be gone' })
    expect(await journal.endOrphans()).toBe(0)
  })
})
