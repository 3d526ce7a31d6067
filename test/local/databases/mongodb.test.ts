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
import { cleanups, isRoot, newFolder, openMongo } from '#test/local/databases/support/database-processes.ts'
import { sharedServer } from '#test/support/shared-servers.ts'

describe('the choice of a MongoDB server', () => {
  const memory = jongodb()

  test.runIf(memory)(
    'without a mongod, the in-memory server is used, is described as such, and restarts at the same address',
    async () => {
      const server = await openMongo(await newFolder())
      expect(server).toMatchObject({
        step: 'jongodb',
        isPersistent: false,
        description: expect.stringContaining('--download-mongod'),
      })
      const client = mongo(server.uri)
      cleanups.push(client.end)
      const shows = await client.collection<{ _id: number }>('show')
      await shows.insertOne({ _id: 1 })
      const up = new Promise<void>(resolve => server.onUp(resolve))
      process.kill(server.pid ?? 0, 'SIGKILL')
      await up
      expect(await shows.countDocuments()).toBe(0)
    },
  )

  /** A script in place of mongod, which test machines lack: it records its arguments and runs the in-memory server. */
  const mongodScript = `#!/bin/sh
for argument in "$@"; do case "$argument" in --port=*) port=$argument;; --dbpath=*) data=\${argument#--dbpath=};; esac; done
echo "$@" >"$data/arguments"
exec ${memory} "$port" --database=vigia
`

  const executable = async (path: string, text: string): Promise<void> => {
    await writeFile(path, text)
    await chmod(path, 0o755)
  }

  test.runIf(memory)(
    'a mongod on PATH is used with a permanent folder, on the loopback interface and on the port of the last start',
    async () => {
      const dataDir = await newFolder()
      const bin = `${dataDir}-bin`
      await mkdir(bin)
      await executable(join(bin, 'mongod'), mongodScript)
      const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
      const first = await openMongo(dataDir, { env })
      expect(first).toMatchObject({
        step: 'mongod',
        isPersistent: true,
        description: expect.stringContaining(join(bin, 'mongod')),
      })
      const data = join(dataDir, 'mongodb/data')
      expect(await readFile(join(data, 'arguments'), 'utf8')).toMatch(
        new RegExp(`^--port=\\d+ --dbpath=${data} --bind_ip=127.0.0.1 `),
      )
      await first.stop()
      const second = await openMongo(dataDir, { env })
      expect(second.uri).toBe(first.uri)
    },
  )

  test.runIf(memory && isRoot)('as root, a mongod that the database user cannot reach is copied', async () => {
    const dataDir = await newFolder()
    const bin = `${dataDir}-bin`
    await mkdir(bin, { mode: 0o700 })
    await executable(join(bin, 'mongod'), mongodScript)
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
    const server = await openMongo(dataDir, { env })
    expect(server.step).toBe('mongod')
    expect(await readdir(join(dataDir, 'binaries'))).toEqual(['mongod'])
  })

  test.runIf(memory)('a mongod that cannot run is reported, and the next server is used', async () => {
    const dataDir = await newFolder()
    const bin = `${dataDir}-bin`
    await mkdir(bin)
    await executable(join(bin, 'mongod'), '#!/bin/sh\necho "error: libcrypto.so.3 is missing" >&2\nexit 127\n')
    const lines: string[] = []
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
    const server = await openMongo(dataDir, { env, log: line => lines.push(line) })
    expect(server.step).toBe('jongodb')
    expect(lines).toEqual([expect.stringMatching(/^MongoDB ended while it started \(exit code 127\): .*libcrypto/)])
  })

  /**
   * A server in place of fastdl.mongodb.org. It serves the same archive, and the checksum of that archive, for every
   * name.
   */
  const startMirror = async (archive: Buffer, md5 = createHash('md5').update(archive).digest('hex')) => {
    const requestedPaths: string[] = []
    const server = createServer((request, response) => {
      requestedPaths.push(request.url ?? '')
      const body = request.url?.endsWith('.md5') ? Buffer.from(`${md5}  archive.tgz\n`) : archive
      response.writeHead(200, { 'content-length': body.length }).end(body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const { port } = server.address() as { port: number }
    return { requestedPaths, env: { MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${port}`, MONGOMS_USE_HTTP: 'true' } }
  }

  const archiveOf = async (folder: string): Promise<Buffer> => {
    await mkdir(join(folder, 'mongodb/bin'), { recursive: true })
    await executable(join(folder, 'mongodb/bin/mongod'), mongodScript)
    await promisify(execFile)('tar', ['-czf', join(folder, 'archive.tgz'), '-C', folder, 'mongodb'])
    return readFile(join(folder, 'archive.tgz'))
  }

  test.runIf(memory)('--download-mongod logs its progress, and later starts use the downloaded mongod', async () => {
    const dataDir = await newFolder()
    const { requestedPaths, env } = await startMirror(await archiveOf(`${dataDir}-archive`))
    const lines: string[] = []
    const options = { env: { ...env, PATH: process.env.PATH, HOME: dataDir }, log: (line: string) => lines.push(line) }
    const first = await openMongo(dataDir, { ...options, download: true })
    expect(first).toMatchObject({
      step: 'mongod',
      isPersistent: true,
      description: expect.stringContaining(join(dataDir, 'binaries')),
    })
    expect(lines.join('\n')).toMatch(/Downloading MongoDB .*100%/)
    expect(requestedPaths.map(path => basename(path))).toEqual([
      expect.stringMatching(/\.tgz$/),
      expect.stringMatching(/\.md5$/),
    ])
    await first.stop()
    const second = await openMongo(dataDir, options)
    expect(second.step).toBe('mongod')
    expect(requestedPaths).toHaveLength(2)
    await second.stop()

    // A download that a power cut interrupted: the next download replaces the file.
    const [name] = await readdir(join(dataDir, 'binaries'))
    await truncate(join(dataDir, 'binaries', name!), 40)
    expect((await openMongo(dataDir, { ...options, download: true })).step).toBe('mongod')
    expect(requestedPaths).toHaveLength(4)
  })

  test.runIf(memory)('a download with a wrong checksum is reported and not run', async () => {
    const dataDir = await newFolder()
    const { env } = await startMirror(await archiveOf(`${dataDir}-archive`), '0'.repeat(32))
    const lines: string[] = []
    const log = (line: string) => lines.push(line)
    const server = await openMongo(dataDir, {
      env: { ...env, PATH: process.env.PATH, HOME: dataDir },
      download: true,
      log,
    })
    expect(server.step).toBe('jongodb')
    expect(lines.at(-1)).toMatch(/^mongod could not be downloaded: .*MD5/i)
  })

  test('MONGODB_URI is used if the server answers; if it does not, the error is one line without the password', async () => {
    const uri = await sharedServer('mongodb')
    expect(await openMongo('/nowhere', { env: { MONGODB_URI: uri } })).toMatchObject({
      step: 'given',
      uri,
      isPersistent: true,
    })
    const refusal = (dead: string) =>
      startMongo({ dataDir: '/nowhere', env: { MONGODB_URI: dead } }).catch((error: Error) => error.message)
    expect(await refusal('mongodb://ana:secret@127.0.0.1:1/vigia')).toBe(
      'MONGODB_URI does not answer: connect ECONNREFUSED 127.0.0.1:1',
    )
    expect(await refusal('postgresql://ana:secret@x')).toMatch(/^MONGODB_URI does not answer: Invalid scheme[^\n]*$/)
  })
})
