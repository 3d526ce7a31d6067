import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { removeDataFolder, spawnVigia, startVigia, temporaryFolder } from '../support/npm-start.ts'
import { until } from '../support/until.ts'

import { descendants, isGone } from './support/processes.ts'

const host = (name: string) => `${name}.localhost`

describe('the shutdown', () => {
  test('Ctrl-C ends every process that was started: functions, PostgreSQL and MongoDB', async () => {
    const own = await startVigia()
    await own.ask(host('error-notifier'), '/healthz')
    await own.ask(host('telegram-webhook'), '/healthz')
    const started = descendants(own.pid)
    expect(started.length).toBeGreaterThanOrEqual(4)
    expect(await own.stop()).toBe(0)
    for (const pid of started) expect(await isGone(pid)).toBe(true)
  })

  test('Ctrl-C during the start ends every process that was started so far', async () => {
    const dataDir = temporaryFolder()
    const { pid, kill, ended } = spawnVigia({ dataDir })
    const started = await until(() => {
      const all = descendants(pid)
      return all.length > 0 ? all : undefined
    })
    kill('SIGINT')
    expect(await ended).toBe(0)
    for (const one of started) await until(() => isGone(one), { what: `process ${one} to be gone` })
    await removeDataFolder(dataDir)
  })

  test('every process ends when npm is killed', async () => {
    const dataDir = temporaryFolder()
    // npm starts the runtime through a shell, which does not forward signals.
    const npm = spawn('sh', ['-c', `"${process.execPath}" "${join(root, 'infra/local/main.ts')}"; true`], {
      env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    npm.stdout.on('data', text => {
      output += text
    })
    await until(() => output.includes('Ctrl-C'), { timeoutMs: 60_000, what: 'the banner' })
    const started = descendants(npm.pid!)
    expect(started.length).toBeGreaterThanOrEqual(3)
    npm.kill('SIGKILL')
    for (const pid of started) await until(() => isGone(pid), { timeoutMs: 30_000, what: `process ${pid} to be gone` })
    // A process counts as gone a moment before its last thread releases the data folder.
    await until(() => removeDataFolder(dataDir).then(() => true), { what: 'the data folder to be free' })
  })

  test('a closed terminal does not prevent an orderly shutdown', async () => {
    const dataDir = temporaryFolder()
    const child = spawn(process.execPath, [join(root, 'infra/local/main.ts')], {
      env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'debug' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'exit')
    let output = ''
    child.stdout.on('data', text => {
      output += text
    })
    await until(() => output.includes('Ctrl-C'), { timeoutMs: 60_000, what: 'the banner' })
    const started = descendants(child.pid!)
    child.stdout.destroy()
    child.stderr.destroy()
    child.kill('SIGHUP')
    expect(await ended).toEqual([0, null])
    for (const pid of started) expect(await isGone(pid)).toBe(true)
    await removeDataFolder(dataDir)
  })

  test('the next start ends the processes of a killed runtime and continues with its data', async () => {
    const dataDir = temporaryFolder()
    const first = await startVigia({ dataDir })
    await first.ask(host('error-notifier'), '/healthz')
    expect(await first.publish({ id: 'kept', type: 'no.trigger.matches' }, {})).toBe(202)
    const left = descendants(first.pid)
    await first.kill9()
    const second = await startVigia({ dataDir })
    for (const pid of left) expect(await isGone(pid)).toBe(true)
    expect(await second.api('/api/events?type=no.trigger.matches')).toMatchObject([{ id: 'kept', state: 'done' }])
    await second.stop()
    await removeDataFolder(dataDir)
  })

  test('--fresh --yes deletes all data', async () => {
    const dataDir = temporaryFolder()
    const first = await startVigia({ dataDir })
    await first.publish({ id: 'gone', type: 'no.trigger.matches' }, {})
    await first.stop()
    const second = await startVigia({ dataDir, args: ['--fresh', '--yes'] })
    expect(await second.api('/api/events?type=no.trigger.matches')).toEqual([])
    await second.stop()
    await removeDataFolder(dataDir)
  })
})
