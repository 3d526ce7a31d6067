import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  folder,
  gate,
  isGone,
  journal,
  loggedLines,
  manifest,
  pids,
  post,
  report,
  startActivator,
  starts,
} from '#test/local/activator/support/activator.ts'
import { until } from '#test/support/until.ts'

describe('from zero', () => {
  test('no process runs before the first request, and the first request starts a process and gets its answer', async () => {
    const activator = startActivator()
    expect(report(activator)).toEqual({ name: 'echo', state: 'zero', replicas: [], coldStarts: 0 })
    const { status, json } = await post(activator)
    expect(status).toBe(200)
    expect(json().received).toBe('hello')
    expect(report(activator)).toMatchObject({
      state: 'ready',
      coldStarts: 1,
      replicas: [{ pid: json().pid, inFlight: 0 }],
    })
  })

  test('100 requests at once start as many processes as containerConcurrency requires', async () => {
    const activator = startActivator({ containerConcurrency: 25 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(activator)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(report(activator).coldStarts).toBe(4)
  })

  test('100 requests at once start no more than max-scale processes, and the rest waits in the queue', async () => {
    const activator = startActivator({ containerConcurrency: 10, maxScale: 2 })
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(activator)))
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200))
    expect(report(activator).coldStarts).toBe(2)
  })

  test('a process never gets more than containerConcurrency requests at once', async () => {
    const activator = startActivator({ containerConcurrency: 3, maxScale: 1 })
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(activator)))
    expect(Math.max(...answers.map(({ json }) => json().maxInFlight))).toBeLessThanOrEqual(3)
  })

  test('a process without a limit gets all requests at once', async () => {
    const activator = startActivator({ containerConcurrency: 0 })
    const { path, open } = gate()
    const answers = Array.from({ length: 40 }, () => post(activator, path))
    await until(() => report(activator).replicas[0]?.inFlight === 40)
    open()
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true)
    expect(report(activator).coldStarts).toBe(1)
  })

  test('a request that does not fit into the queue is refused with 503 and Retry-After', async () => {
    const activator = startActivator({ containerConcurrency: 1, maxScale: 1 })
    const { path, open } = gate()
    const taken = Array.from({ length: 11 }, () => post(activator, path))
    const refused = await post(activator, path)
    expect(refused.status).toBe(503)
    expect(refused.retryAfterS).toBe(1)
    open()
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual(Array(11).fill(200))
  })

  test('a caller that gives up while it waits leaves the queue', async () => {
    const activator = startActivator({ containerConcurrency: 1, maxScale: 1 })
    const { path, open } = gate()
    const first = post(activator, path)
    const gaveUp = new AbortController()
    const second = post(activator, '/', gaveUp.signal)
    expect(activator.waiting('echo')).toBe(2)
    gaveUp.abort(new Error('the broker has no more time'))
    await expect(second).rejects.toThrow('no more time')
    expect(activator.waiting('echo')).toBe(1)
    open()
    await first
  })
})

describe('to zero', () => {
  test('a process ends after its idle time, and only its log file stays', async () => {
    const activator = startActivator({ idleMs: 50 })
    const { pid } = (await post(activator)).json()
    await until(() => report(activator).state === 'zero')
    expect(await isGone(pid)).toBe(true)
    expect(readFileSync(join(folder, 'logs/echo.log'), 'utf8')).toContain('received SIGTERM')
  })

  test('as many processes as min-scale keep running', async () => {
    const activator = startActivator({ idleMs: 50, minScale: 1, containerConcurrency: 1 })
    activator.warm()
    await until(() => report(activator).state === 'ready')
    await Promise.all([post(activator), post(activator), post(activator)])
    expect(report(activator).coldStarts).toBe(3)
    await until(() => report(activator).replicas.length === 1)
    expect(report(activator).state).toBe('ready')
  })

  test('draining waits for the requests in flight, while new requests get a new process', async () => {
    const activator = startActivator()
    const { path, open } = gate()
    const slow = post(activator, path)
    await until(() => report(activator).replicas[0]?.inFlight === 1)
    const drained = activator.stop('echo')
    expect(report(activator).state).toBe('draining')
    const other = await post(activator)
    open()
    const { status, json } = await slow
    await drained
    expect(status).toBe(200)
    expect(json().pid).not.toBe(other.json().pid)
    expect(await isGone(json().pid)).toBe(true)
    expect(pids(activator)).toEqual([other.json().pid])
  })

  test('a process that ignores SIGTERM is killed', async () => {
    const activator = startActivator({ timeoutMs: 200 }, { IGNORE_SIGTERM: '1' })
    const { pid } = (await post(activator)).json()
    await activator.stop('echo')
    expect(await isGone(pid)).toBe(true)
  })

  test('closing ends every process, including busy and starting processes', async () => {
    const activator = startActivator({ containerConcurrency: 1 })
    const { path } = gate()
    await post(activator)
    const busy = [post(activator, path), post(activator, path), post(activator, path)].map(request =>
      request.catch(error => error),
    )
    await until(() => report(activator).replicas.length === 3)
    const all = pids(activator)
    await activator.close(50)
    await Promise.all(busy)
    for (const pid of all) expect(await isGone(pid)).toBe(true)
    expect((await post(activator).catch(error => error)).status).toBe(503)
  })
})

describe('a function with min-scale', () => {
  test('that is replaced starts no more processes of its old manifest, and none after it is removed', async () => {
    const old = manifest({ minScale: 1 })
    const replacement = manifest({ minScale: 1, timeoutMs: old.timeoutMs + 1 })
    const activator = startActivator(old)
    activator.warm()
    await until(() => report(activator).state === 'ready')
    await activator.replace(replacement)
    await until(() => report(activator).state === 'ready')
    expect(starts).toEqual([old, replacement])
    await activator.remove('echo')
    expect(starts).toEqual([old, replacement])
  })

  test('that is replaced finishes its requests in flight and refuses those that still wait', async () => {
    const activator = startActivator({ minScale: 1, containerConcurrency: 1, maxScale: 1 })
    const { path, open } = gate()
    const slow = post(activator, path)
    await until(() => report(activator).replicas[0]?.inFlight === 1)
    const waiting = post(activator)
    const replaced = activator.replace(manifest({ minScale: 1 }))
    expect(await waiting).toMatchObject({ status: 503, body: 'echo was replaced or removed', retryAfterS: 1 })
    open()
    const { status, json } = await slow
    expect(status).toBe(200)
    await replaced
    expect(await isGone(json().pid)).toBe(true)
    expect((await post(activator)).status).toBe(200)
  })
})

describe('when a process fails', () => {
  test('if a function cannot start, its requests get 503 with the reason, its output is logged, the next start waits, and the state is crashed', async () => {
    const activator = startActivator({}, { BROKEN: '1' })
    const answers = await Promise.all([post(activator), post(activator)])
    for (const { status, body, retryAfterS } of answers) {
      expect(status).toBe(503)
      expect(body).toContain('ended before it was ready (exit code 1)')
      expect(retryAfterS).toBe(1)
    }
    expect(loggedLines.join('\n')).toContain('cannot find a required module')
    expect(report(activator)).toMatchObject({ state: 'crashed', coldStarts: 1, replicas: [] })
    expect(activator.faults()).toEqual(['echo ended before it was ready (exit code 1)'])
    expect((await post(activator)).status).toBe(503)
    expect(report(activator).coldStarts).toBe(1)
  })

  test('a request that crashes its process fails, and a later request gets a new process', async () => {
    const activator = startActivator()
    const { pid } = (await post(activator)).json()
    await expect(post(activator, '/exit')).rejects.toThrow()
    await until(() => isGone(pid))
    const { status, json } = await until(async () => {
      const answer = await post(activator)
      return answer.status === 200 ? answer : undefined
    })
    expect(status).toBe(200)
    expect(json().pid).not.toBe(pid)
  })

  test('a process killed from outside is replaced', async () => {
    const activator = startActivator()
    const { pid } = (await post(activator)).json()
    process.kill(pid, 'SIGKILL')
    await until(() => isGone(pid))
    const other = await until(async () => {
      const answer = await post(activator)
      return answer.status === 200 ? answer : undefined
    })
    expect(other.json().pid).not.toBe(pid)
  })

  test('if a process is killed soon after its start, the state is crashed until a later process has answered a request', async () => {
    // The idle time is so long that even on a busy machine the test kills the process before the pool drains it.
    const activator = startActivator({ idleMs: 2_000 })
    process.kill((await post(activator)).json().pid, 'SIGKILL')
    await until(() => report(activator).state === 'crashed')
    expect(activator.faults(), 'the function can be started').toEqual([])
    await until(async () => (await post(activator)).status === 200)
    await until(() => report(activator).state === 'zero')
    expect(report(activator).replicas).toEqual([])
  })
})

describe('processes that a killed runtime leaves behind', () => {
  test('are found by pid, start time and command, and are ended; another program with the same pid is not ended', async () => {
    const activator = startActivator()
    const { pid } = (await post(activator)).json()
    journal.remember(process.pid, ['another', 'program'])
    expect(await journal.endOrphans()).toBe(1)
    await until(() => isGone(pid), { what: 'the orphan to be gone' })
    expect(await journal.endOrphans()).toBe(0)
  })
})
