import { readdirSync, readFileSync } from 'node:fs'
import { chown, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#database/connect.ts'
import { checksums } from '#database/migrate.ts'
import { unbundledPackages } from '#infra/delivery/bundle.ts'
import { variablesOf } from '#infra/delivery/warm-up.ts'
import { freePort } from '#infra/net/free-port.ts'
import { functionNames, root } from '#infra/repository.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { type Stage, stagesOf } from '#test/delivery/support/dockerfile.ts'
import { flakyProxy } from '#test/support/flaky-proxy.ts'
import { temporaryDataFolder } from '#test/support/global-setup.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { buildTree, imageTreeSkipReason, runInTree } from './support/image-tree.ts'

const reason = imageTreeSkipReason()
if (reason) process.stderr.write(`the image is not run: ${reason}\n`)

const release = { VERSION: '1.4.2', REVISION: 'd1b2c3' }
const stages = stagesOf(readFileSync(join(root, 'infra/delivery/Dockerfile'), 'utf8'), release)
const stageOf = (name: string): Stage => stages.find(stage => stage.name === name)!
const image = stages.at(-1)!

/** How a pod runs the image: as its user, on a read-only root file system. */
const asPodsRun = { readOnly: true, user: image.user! }

let folder: string
let tree: string
let data: Awaited<ReturnType<typeof temporaryDataFolder>>
let server: Awaited<ReturnType<typeof startPostgres>>
let proxy: Awaited<ReturnType<typeof flakyProxy>>

/** Runs a stage as a container runtime does: its ENTRYPOINT with its ENV and the variables of a manifest. */
const container = (stage: Stage, folder: string, env: Record<string, string>, options: object = asPodsRun) => {
  const started = runInTree(folder, stage.entrypoint, {
    env: { ...stage.env, ...env },
    workdir: stage.workdir,
    ...options,
  })
  containers.push(started)
  return started
}
const containers: ReturnType<typeof runInTree>[] = []

const status = (pid: number) =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/status`, 'utf8')
      .split('\n')
      .map(line => line.split(':\t') as [string, string]),
  )

const get = async (port: number, path: string) => {
  const { status, body } = await sendRequest(port, { method: 'GET', path })
  return { status, body }
}

const message = (output: string) => JSON.parse(output.trim().split('\n').at(-1)!).message

describe.skipIf(reason !== undefined)('the image', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigia-image-'))
    data = await temporaryDataFolder()
    // Executes the Dockerfile, including the RUN of the build stage.
    tree = await buildTree(image, stages, folder)
    server = await startPostgres({ dataDir: data.folder, settings: { fsync: 'off' } })
    proxy = await flakyProxy(server.url)
  })
  afterAll(async () => {
    await Promise.all(containers.map(({ kill }) => kill()))
    await proxy?.stop()
    await server?.stop()
    await data?.remove()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test('contains Node, the launcher, the bundles, the migrations and the packages that are not bundled, and no source or secret', () => {
    const parts = ['LICENSE', 'functions', 'jobs', 'launch.mjs', 'node_modules']
    expect(readdirSync(join(tree, 'vigia')).toSorted()).toEqual(parts)
    const files = readdirSync(join(tree, 'vigia'), { recursive: true }) as string[]
    expect(files.filter(file => /.\/node_modules|\.ts$|\.env|\.map$/.test(file))).toEqual([])
    // The program of a package is in a package of its own for each platform.
    const packages = Object.keys(unbundledPackages)
    const others = files.filter(file => {
      const name = /^node_modules\/(@[^/]+\/[^/]+|[^@][^/]*)/.exec(file)?.[1]
      return name !== undefined && !packages.some(each => name === each || name.startsWith(`${each}-`))
    })
    expect(others).toEqual([])
  })

  test('has migrations that wait for the database and migrate it; a second run changes nothing', async () => {
    const env = { FUNCTION_TARGET: 'migrate', DATABASE_URL: proxy.url }
    proxy.goDown()
    const first = container(image, tree, env)
    await until(() => first.output().includes('waiting: '), { what: 'a line with what it waits for' })
    proxy.comeBack()
    expect(await first.ended, first.output()).toBe(0)
    expect(message(first.output())).toBe('the database is up to date')
    const again = container(image, tree, env)
    expect(await again.ended, again.output()).toBe(0)
    const db = postgres(server.url, { max: 1 })
    const { rows } = await db.query<{ name: string }>('select name from migration order by name')
    await db.end()
    expect(rows.map(({ name }) => `${name}.sql`)).toEqual(Object.keys(await checksums()))
  })

  test('a waiting job ends at the first SIGTERM', async () => {
    const job = container(image, tree, { FUNCTION_TARGET: 'migrate', DATABASE_URL: 'postgres://v:p@127.0.0.1:9/v' })
    await until(() => job.output().includes('waiting: '), { what: 'a line with what it waits for' })
    process.kill(job.pid(), 'SIGTERM')
    expect(await job.ended).toBe(143)
  })

  test.each([{}, { FUNCTION_TARGET: 'sh' }])(
    'exits with an error of one line if the variables %o name no function',
    async env => {
      const failing = container(image, tree, env)
      expect(await failing.ended).toBe(1)
      expect(failing.output().trim().split('\n')).toHaveLength(1)
      expect(failing.output()).toContain(functionNames()[0])
    },
  )

  describe.each(functionNames())('as %s', name => {
    const folderOf = () => join(tree, 'vigia/functions', name)

    test('answers as a user without privileges on a read-only root file system, and ends with exit code 0', async () => {
      const port = await freePort()
      const variables = variablesOf(name)
      const env = {
        ...variables,
        ...('DATABASE_URL' in variables ? { DATABASE_URL: proxy.url } : {}),
        FUNCTION_TARGET: name,
        PORT: String(port),
      }
      const function_ = container(image, tree, env)
      await until(async () => (await get(port, '/healthz')).status === 200, { what: `/healthz of ${name}` })
      const { body } = await get(port, '/version')
      expect(JSON.parse(body)).toEqual({ function: name, version: '1.4.2', revision: 'd1b2c3' })
      expect((await get(port, '/metrics')).body).toContain('vigia_build_info{version="1.4.2",revision="d1b2c3"')

      const { Uid, Gid, Groups, CapEff, CapPrm, NoNewPrivs } = status(function_.pid())
      expect({ Uid: Uid!.split('\t')[1], Gid: Gid!.split('\t')[1], Groups: Groups!.trim() }).toEqual({
        Uid: '65532',
        Gid: '65532',
        Groups: '',
      })
      expect({ CapEff, CapPrm, NoNewPrivs }).toEqual({
        CapEff: '0'.repeat(16),
        CapPrm: '0'.repeat(16),
        NoNewPrivs: '1',
      })
      const mounts = readFileSync(`/proc/${function_.pid()}/mounts`, 'utf8').trim().split('\n')
      const writable = mounts.filter(line => !line.split(' ')[3]!.split(',').includes('ro'))
      expect(writable.map(line => line.split(' ')[1])).toEqual(['/proc', '/dev/null'])

      process.kill(function_.pid(), 'SIGTERM')
      expect(await function_.ended, function_.output()).toBe(0)
    })

    test('has a code cache that the Node of the image accepts', async () => {
      const files = readdirSync(folderOf())
      const code = `/vigia/functions/${name}/${files.find(file => file.endsWith('.cjs'))}`
      const program = `const { readFileSync } = require('node:fs'), { Script } = require('node:vm')
        const script = new Script(readFileSync('${code}', 'utf8'), { filename: '${code}', cachedData: readFileSync('${code}.cache') })
        console.log(process.version, script.cachedDataRejected)`
      const check = runInTree(tree, [image.entrypoint[0]!, '-e', program], asPodsRun)
      expect(await check.ended, check.output()).toBe(0)
      expect(check.output().trim()).toBe(`${process.version} false`)
    })
  })

  test('has a smoke test that succeeds for a function of the same release', async () => {
    const [name] = functionNames() as [string]
    const port = await freePort()
    const function_ = container(image, tree, { ...variablesOf(name), FUNCTION_TARGET: name, PORT: String(port) })
    const smoke = container(image, tree, {
      FUNCTION_TARGET: 'smoke',
      FUNCTIONS: name,
      FUNCTION_URL: `http://127.0.0.1:${port}`,
      PATIENCE_SECONDS: '20',
    })
    expect(await smoke.ended, `${smoke.output()}${function_.output()}`).toBe(0)
    expect(message(smoke.output())).toBe('1 functions answer, and all run 1.4.2 (d1b2c3)')
  })

  describe('for development', () => {
    const dev = stageOf('dev')
    let sources: string
    beforeAll(async () => {
      sources = await buildTree(dev, stages, folder)
    })
    /** The root file system is writable, because files are synced into it. */
    const asDevPodsRun = { user: dev.user! }

    test('runs new code after a file was synced into it', async () => {
      const [name] = functionNames() as [string]
      const port = await freePort()
      const env = { ...variablesOf(name), FUNCTION_TARGET: name, PORT: String(port) }
      const function_ = container(dev, sources, env, asDevPodsRun)
      await until(async () => (await get(port, '/healthz')).body === 'ok\n', { what: 'a function from its sources' })
      expect(JSON.parse((await get(port, '/version')).body)).toMatchObject({ function: name, version: '1.4.2' })
      const file = join(sources, 'vigia/functions/host/server.ts')
      const text = await readFile(file, 'utf8')
      // As tar does it: a new file replaces the old one.
      await writeFile(`${file}.new`, text.replace("body: 'ok\\n'", "body: 'synced\\n'"))
      await chown(`${file}.new`, 65532, 65532)
      await rename(`${file}.new`, file)
      await until(async () => (await get(port, '/healthz')).body === 'synced\n', { what: 'the file that was synced' })
      process.kill(function_.pid(), 'SIGTERM')
      await function_.ended
    })

    test('migrates and ends with exit code 0', async () => {
      const job = container(dev, sources, { FUNCTION_TARGET: 'migrate', DATABASE_URL: proxy.url }, asDevPodsRun)
      expect(await job.ended, job.output()).toBe(0)
      expect(message(job.output())).toBe('the database is up to date')
    })

    test('exits with an error of one line if the target is unknown', async () => {
      const failing = container(dev, sources, { FUNCTION_TARGET: '../x' }, asDevPodsRun)
      expect(await failing.ended).toBe(1)
      expect(failing.output()).toBe('FUNCTION_TARGET is "../x", which is neither a function nor a job\n')
    })
  })
})
