import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#database/connect.ts'
import { writeFileAtomic, writeFileAtomicSync } from '#infra/files/atomic-write.ts'
import { processJournal } from '#local/activator/process-journal.ts'
import { copyFolder, isCopyOf, postgresFolder, program } from '#local/databases/binaries.ts'
import { holdDataFolder } from '#local/databases/data-folder.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'
import { readEnvironment, type Settings } from '#local/environment.ts'
import { startOutsideWorld } from '#local/outside-world/outside-world.ts'
import { startTelegram } from '#simulators/telegram.ts'
import { temporaryDataFolder } from '#test/support/global-setup.ts'

/*
 * A power cut can leave a file of the data folder empty, cut short or with other bytes. The next start reports the
 * file, and creates it again if no data is lost by this.
 */

const ended: (() => unknown)[] = []
afterEach(async () => {
  while (ended.length > 0) await ended.pop()?.()
})

const newFolder = async (): Promise<string> => {
  const { folder, remove } = await temporaryDataFolder()
  ended.push(remove)
  const own = join(folder, 'data')
  await mkdir(own, { mode: 0o711 })
  ended.push(() => wipeDataFolder(own))
  return own
}

const damages = [
  ['an empty file', (file: string) => writeFile(file, '')],
  ['half of the file', async (file: string) => truncate(file, Math.ceil((await readFile(file)).length / 2))],
  ['garbage', (file: string) => writeFile(file, '\u0000\u0001{"version":1}}\u0000')],
] as const

test('an atomic write replaces the whole file and leaves no temporary file', async () => {
  const folder = await newFolder()
  await writeFileAtomic(join(folder, 'one'), 'old')
  await writeFileAtomic(join(folder, 'one'), 'new')
  writeFileAtomicSync(join(folder, 'two'), 'text')
  expect(await readFile(join(folder, 'one'), 'utf8')).toBe('new')
  expect((await readdir(folder)).toSorted()).toEqual(['one', 'two'])
})

describe.each(damages)('after a power cut left %s', (_, damage) => {
  test('the webhook secret is reported and created again', async () => {
    const folder = await newFolder()
    const settings = readEnvironment({ TELEGRAM_BOT_TOKEN: '1:aaa' }) as Settings
    const lines: string[] = []
    const secret = async () => (await startOutsideWorld(settings, folder, line => lines.push(line))).webhookSecret
    const first = await secret()
    expect(await secret()).toBe(first)
    await damage(join(folder, 'webhook-secret'))
    const second = await secret()
    expect(second).toMatch(/^[0-9a-f]{64}$/)
    expect(second).not.toBe(first)
    expect(await secret()).toBe(second)
    expect(lines).toEqual([expect.stringMatching(/webhook-secret is damaged and is created again; no data is lost$/)])
  })

  test('the simulated conversation is renamed to .damaged, and a new one begins', async () => {
    const folder = await newFolder()
    const file = join(folder, 'simulated-telegram.json')
    const lines: string[] = []
    const open = () =>
      startTelegram({
        botToken: '1:aaa',
        opsToken: '2:bbb',
        newcomer: { conversationFile: file, log: line => lines.push(line) },
      })
    const first = await open()
    first.person.send('/start')
    await first.stop()
    await damage(file)
    const second = await open()
    expect(second.person.messages()).toEqual([])
    await second.stop()
    expect(lines).toEqual([expect.stringContaining('simulated-telegram.json is damaged')])
    expect(await readdir(folder)).toContain('simulated-telegram.json.damaged')
  })

  test('damaged process records, holder file and lock do not prevent a start', async () => {
    const folder = await newFolder()
    const journal = processJournal(join(folder, 'processes'))
    journal.remember(process.pid, ['node', 'something.mjs'])
    await damage(join(folder, `processes/${process.pid}.json`))
    expect(await journal.endOrphans()).toBe(0)
    expect(await readdir(join(folder, 'processes'))).toEqual([])

    holdDataFolder(folder).release()
    await writeFile(join(folder, 'lock'), 'a damaged SQLite database '.repeat(30))
    for (const name of ['holder', 'lock']) await damage(join(folder, name))
    holdDataFolder(folder).release()
  })

  test('a damaged record or port file of the catalogue server does not prevent a start', async () => {
    const dataDir = await newFolder()
    const start = () => startMongo({ dataDir, env: { HOME: dataDir } })
    await (await start()).stop()
    for (const name of ['server.json', 'port']) await damage(join(dataDir, 'mongodb', name))
    const server = await start()
    expect(server.pid).not.toBeNull()
    await server.stop()
  })

  describe('PostgreSQL', () => {
    let initialised: Awaited<ReturnType<typeof temporaryDataFolder>>
    beforeAll(async () => {
      initialised = await temporaryDataFolder()
      await (await startPostgres({ dataDir: initialised.folder })).stop()
    })
    afterAll(() => initialised.remove())

    const dataFolder = async () => {
      const folder = await newFolder()
      await promisify(execFile)('cp', ['-Rp', join(initialised.folder, 'postgres'), folder])
      return folder
    }
    const startAndQuery = async (dataDir: string) => {
      const lines: string[] = []
      const server = await startPostgres({ dataDir, log: line => lines.push(line) })
      const db = postgres(server.url, { max: 1 })
      expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await db.end()
      await server.stop()
      return lines
    }

    test('starts with a damaged postmaster.pid and a damaged socket lock', async () => {
      const dataDir = await dataFolder()
      for (const name of ['data/postmaster.pid', 'run/.s.PGSQL.5432.lock']) {
        const file = join(dataDir, 'postgres', name)
        await mkdir(join(file, '..'), { recursive: true })
        await writeFile(file, '4194303\n/nowhere\n1700000000\n5432\n')
        await damage(file)
      }
      expect(await startAndQuery(dataDir)).toEqual([])
    })

    test('replaces a damaged PG_VERSION with the copy in a database folder', async () => {
      const dataDir = await dataFolder()
      const file = join(dataDir, 'postgres/data/PG_VERSION')
      await writeFile(file, 'eighteen')
      await damage(file)
      expect(await startAndQuery(dataDir)).toEqual([
        expect.stringContaining('PG_VERSION is damaged and is replaced by its copy'),
      ])
    })
  })
})

test('a PostgreSQL folder of unknown version is not changed, and the message says what to do', async () => {
  const dataDir = await newFolder()
  const data = join(dataDir, 'postgres/data')
  await (await startPostgres({ dataDir })).stop()
  await writeFile(join(data, 'PG_VERSION'), '')
  await writeFile(join(data, 'base/1/PG_VERSION'), '')
  await expect(startPostgres({ dataDir })).rejects.toThrow(/PG_VERSION is damaged.*keep a copy of .*restore a backup/)
  expect(existsSync(join(data, 'global/pg_control'))).toBe(true)
})

test("a copy of PostgreSQL's programs with missing or truncated files is not used", async () => {
  const copy = join(await newFolder(), 'copy/native')
  await mkdir(join(copy, '..'))
  await copyFolder(postgresFolder(), copy, null)
  expect(await isCopyOf(postgresFolder(), copy)).toBe(true)
  await truncate(program(copy, 'postgres'), 1000)
  expect(await isCopyOf(postgresFolder(), copy)).toBe(false)
  await rm(program(copy, 'postgres'))
  expect(await isCopyOf(postgresFolder(), copy)).toBe(false)
})

test('the next start does not use the data of an initdb that a power cut interrupted', async () => {
  const dataDir = await newFolder()
  await (await startPostgres({ dataDir })).stop()
  await rm(join(dataDir, 'postgres/data'), { recursive: true })
  await mkdir(join(dataDir, 'postgres/data.new-1/global'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/data.new-1/PG_VERSION'), '')
  await (await startPostgres({ dataDir })).stop()
  expect((await readdir(join(dataDir, 'postgres'))).filter(name => name.startsWith('data'))).toEqual(['data'])
})
