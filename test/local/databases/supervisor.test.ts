import { spawn } from 'node:child_process'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandOf, endProcess } from '#local/databases/processes.ts'
import { limitLog } from '#local/databases/server-log.ts'
import { pauseAfter, supervise } from '#local/databases/supervisor.ts'
import { newFolder } from '#test/local/databases/support/database-processes.ts'

describe('a server that does not stay up', () => {
  const serverRunning = (dataDir: string, program: string) => ({
    name: 'The server',
    logFile: join(dataDir, 'server.log'),
    start: (log: number) =>
      spawn(process.execPath, ['-e', program], { stdio: ['ignore', log, log], env: { PATH: process.env.PATH } }),
    answers: async () => false,
    startWithinMs: 20_000,
    end: async () => {},
  })

  test('fails with its last log line if it cannot start at all', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    const server = serverRunning(
      dataDir,
      `console.error('FATAL:  no room'); console.error('HINT: none'); process.exit(3)`,
    )
    await expect(supervise(server)).rejects.toThrow(
      `The server ended while it started (exit code 3): no room; its log is ${dataDir}/server.log`,
    )
  })

  test('is reported as given up, with the reason, if it ends again and again after it was up', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    let starts = 0
    const failing = serverRunning(dataDir, `console.error('FATAL:  disk full'); process.exit(1)`)
    const server = {
      ...failing,
      start: (log: number) => (++starts === 1 ? spawn('sleep', ['3600'], { stdio: 'ignore' }) : failing.start(log)),
      answers: async () => starts === 1,
    }
    const running = await supervise(server, n => (n >= 4 ? null : 1))
    const report = new Promise<string>(resolve => running.onGivenUp(resolve))
    process.kill(running.pid ?? 0, 'SIGKILL')
    expect(await report).toMatch(/^The server ended while it started \(exit code 1\): disk full; its log is /)
    await running.stop()
  })

  test('is ended if the supervisor is stopped during a restart', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    const pids: number[] = []
    const restarting = Promise.withResolvers<void>()
    const prepared = Promise.withResolvers<void>()
    const server = {
      ...serverRunning(dataDir, ''),
      prepare: async () => {
        if (pids.length === 0) return
        restarting.resolve()
        await prepared.promise
      },
      start: () => {
        const child = spawn('sleep', ['3600'], { stdio: 'ignore' })
        pids.push(child.pid!)
        return child
      },
      answers: async () => true,
      end: (pid: number) => endProcess(pid, [{ signal: 'SIGKILL', waitMs: 5_000 }]),
    }
    const running = await supervise(server, () => 1)
    process.kill(pids[0]!, 'SIGTERM')
    await restarting.promise
    const stopped = running.stop()
    prepared.resolve()
    await stopped
    expect(await commandOf(pids[1]!)).toBeNull()
  })

  test('has a log that is truncated while the server runs, and one earlier log', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    const file = join(dataDir, 'server.log')
    const log = await open(file, 'a')
    await log.write('x'.repeat(1000))
    await limitLog(file, 1000)
    expect(await readdir(dataDir)).toEqual(['server.log'])
    await log.write('y')
    await limitLog(file, 1000)
    await log.write('z')
    await log.close()
    expect(await readFile(`${file}.1`, 'utf8')).toHaveLength(1001)
    expect(await readFile(file, 'utf8')).toBe('z')
    await limitLog(join(dataDir, 'gone.log'))
  })

  test('is up again when the cause is removed, also after it was given up', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    let starts = 0
    let isRepaired = false
    const failing = serverRunning(dataDir, `console.error('FATAL:  disk full'); process.exit(1)`)
    const server = {
      ...failing,
      start: (log: number) =>
        ++starts === 1 || isRepaired ? spawn('sleep', ['3600'], { stdio: 'ignore' }) : failing.start(log),
      answers: async () => starts === 1 || isRepaired,
      end: async (pid: number) => void process.kill(pid, 'SIGKILL'),
    }
    const running = await supervise(server, n => (n >= 4 ? null : 1), 1)
    const report: string[] = []
    const isBack = new Promise<void>(resolve => running.onUp(resolve))
    running.onGivenUp(words => {
      report.push(words)
      setImmediate(() => {
        isRepaired = true
      })
    })
    process.kill(running.pid ?? 0, 'SIGKILL')
    await isBack
    expect(report).toHaveLength(1)
    await running.stop()
  })

  test('is restarted after growing pauses, and is given up sooner during its first start', () => {
    expect([1, 2, 3, 4, 5].map(n => pauseAfter(n, true))).toEqual([100, 200, 400, 800, null])
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(n => pauseAfter(n, false))).toEqual([
      100,
      200,
      400,
      800,
      1_600,
      3_200,
      5_000,
      null,
    ])
  })
})
