import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { mongo } from '#database/mongo.ts'
import { jongodb } from '#local/databases/mongo-programs.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { ended, newFolder, root, startedMongo } from '#test/local/databases/support/database-processes.ts'
import { sharedServer } from '#test/support/shared-servers.ts'

describe('the ladder to a Mongo server', () => {
  const memory = jongodb()

  test.runIf(memory)(
    'without a mongod it is the memory server, which says so and comes back at the same address',
    async () => {
      const server = await startedMongo(await newFolder())
      expect(server).toMatchObject({
        step: 'jongodb',
        kept: false,
        description: expect.stringContaining('--download-mongod'),
      })
      const client = mongo(server.uri)
      ended.push(client.end)
      const shows = await client.collection<{ _id: number }>('show')
      await shows.insertOne({ _id: 1 })
      const up = new Promise<void>(resolve => server.onUp(resolve))
      process.kill(server.pid ?? 0, 'SIGKILL')
      await up
      expect(await shows.countDocuments()).toBe(0)
    },
  )

  /** A stand-in for mongod, which is not installed here: records mongod's arguments and runs the memory server. */
  const standIn = `#!/bin/sh
for argument in "$@"; do case "$argument" in --port=*) port=$argument;; --dbpath=*) data=\${argument#--dbpath=};; esac; done
echo "$@" >"$data/arguments"
exec ${memory} "$port" --database=vigia
`

  const executable = async (path: string, text: string): Promise<void> => {
    await writeFile(path, text)
    await chmod(path, 0o755)
  }

  test.runIf(memory)(
    'a mongod on PATH is used on a kept folder and loopback, on the port of the last time',
    async () => {
      const dataDir = await newFolder()
      const bin = `${dataDir}-bin`
      await mkdir(bin)
      await executable(join(bin, 'mongod'), standIn)
      const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
      const first = await startedMongo(dataDir, { env })
      expect(first).toMatchObject({
        step: 'mongod',
        kept: true,
        description: expect.stringContaining(join(bin, 'mongod')),
      })
      const data = join(dataDir, 'mongodb/data')
      expect(await readFile(join(data, 'arguments'), 'utf8')).toMatch(
        new RegExp(`^--port=\\d+ --dbpath=${data} --bind_ip=127.0.0.1 `),
      )
      await first.stop()
      const second = await startedMongo(dataDir, { env })
      expect(second.uri).toBe(first.uri)
    },
  )

  test.runIf(memory && root)('as root, a mongod that the user of the servers cannot reach is copied', async () => {
    const dataDir = await newFolder()
    const bin = `${dataDir}-bin`
    await mkdir(bin, { mode: 0o700 })
    await executable(join(bin, 'mongod'), standIn)
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
    const server = await startedMongo(dataDir, { env })
    expect(server.step).toBe('mongod')
    expect(await readdir(join(dataDir, 'binaries'))).toEqual(['mongod'])
  })

  test.runIf(memory)('a mongod that does not run is told and passed over', async () => {
    const dataDir = await newFolder()
    const bin = `${dataDir}-bin`
    await mkdir(bin)
    await executable(join(bin, 'mongod'), '#!/bin/sh\necho "error: libcrypto.so.3 is missing" >&2\nexit 127\n')
    const lines: string[] = []
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
    const server = await startedMongo(dataDir, { env, log: line => lines.push(line) })
    expect(server.step).toBe('jongodb')
    expect(lines).toEqual([expect.stringMatching(/^MongoDB ended while it started \(exit code 127\): .*libcrypto/)])
  })

  /** What fastdl.mongodb.org is to the download: one archive for every name, and its checksum. */
  const mirror = async (archive: Buffer, md5 = createHash('md5').update(archive).digest('hex')) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const body = request.url?.endsWith('.md5') ? Buffer.from(`${md5}  archive.tgz\n`) : archive
      response.writeHead(200, { 'content-length': body.length }).end(body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ended.push(() => server.close())
    const { port } = server.address() as { port: number }
    return { asked, env: { MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${port}`, MONGOMS_USE_HTTP: 'true' } }
  }

  const archiveOf = async (folder: string): Promise<Buffer> => {
    await mkdir(join(folder, 'mongodb/bin'), { recursive: true })
    await executable(join(folder, 'mongodb/bin/mongod'), standIn)
    await promisify(execFile)('tar', ['-czf', join(folder, 'archive.tgz'), '-C', folder, 'mongodb'])
    return readFile(join(folder, 'archive.tgz'))
  }

  test.runIf(memory)('--download-mongod fetches one with its progress, and later starts find it', async () => {
    const dataDir = await newFolder()
    const { asked, env } = await mirror(await archiveOf(`${dataDir}-archive`))
    const lines: string[] = []
    const options = { env: { ...env, PATH: process.env.PATH, HOME: dataDir }, log: (line: string) => lines.push(line) }
    const first = await startedMongo(dataDir, { ...options, download: true })
    expect(first).toMatchObject({
      step: 'mongod',
      kept: true,
      description: expect.stringContaining(join(dataDir, 'binaries')),
    })
    expect(lines.join('\n')).toMatch(/Downloading MongoDB .*100%/)
    expect(asked.map(path => basename(path))).toEqual([
      expect.stringMatching(/\.tgz$/),
      expect.stringMatching(/\.md5$/),
    ])
    await first.stop()
    const second = await startedMongo(dataDir, options)
    expect(second.step).toBe('mongod')
    expect(asked).toHaveLength(2)
    await second.stop()

    // Cut short by a power cut: the next download does not take it for a program.
    const [name] = await readdir(join(dataDir, 'binaries'))
    await truncate(join(dataDir, 'binaries', name!), 40)
    expect((await startedMongo(dataDir, { ...options, download: true })).step).toBe('mongod')
    expect(asked).toHaveLength(4)
  })

  test.runIf(memory)('a download that is not what its checksum says is told and not run', async () => {
    const dataDir = await newFolder()
    const { env } = await mirror(await archiveOf(`${dataDir}-archive`), '0'.repeat(32))
    const lines: string[] = []
    const log = (line: string) => lines.push(line)
    const server = await startedMongo(dataDir, {
      env: { ...env, PATH: process.env.PATH, HOME: dataDir },
      download: true,
      log,
    })
    expect(server.step).toBe('jongodb')
    expect(lines.at(-1)).toMatch(/^mongod could not be downloaded: .*MD5/i)
  })

  test('MONGODB_URI is used when it answers, and told in one line without its password when it does not', async () => {
    const uri = await sharedServer('mongodb')
    expect(await startedMongo('/nowhere', { env: { MONGODB_URI: uri } })).toMatchObject({
      step: 'given',
      uri,
      kept: true,
    })
    const refusal = (dead: string) =>
      startMongo({ dataDir: '/nowhere', env: { MONGODB_URI: dead } }).catch((error: Error) => error.message)
    expect(await refusal('mongodb://ana:secret@127.0.0.1:1/vigia')).toBe(
      'MONGODB_URI does not answer: connect ECONNREFUSED 127.0.0.1:1',
    )
    expect(await refusal('postgresql://ana:secret@x')).toMatch(/^MONGODB_URI does not answer: Invalid scheme[^\n]*$/)
  })
})
