import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '#database/migrate.ts'
import { renderOverlay } from '#infra/cluster/render/overlays.ts'
import { freePort } from '#infra/net/free-port.ts'
import { root } from '#infra/repository.ts'
import { runAs, serverAccount } from '#local/databases/account.ts'
import { podSpecs } from '#test/cluster-files/support/overlay-rules.ts'
import { restoreJob } from '#test/machines/support/restore-job.ts'
import { until } from '#test/support/until.ts'
import { type ApiServer, apiServerSkipReason, expectSuccess, startApiServer } from './api-server.ts'

const noApiServer = await apiServerSkipReason()
const reason = noApiServer ? ` (skipped: ${noApiServer})` : ''
describe.skipIf(noApiServer)(`the Job that restores a dump, on a real API server${reason}`, () => {
  let server: ApiServer
  beforeAll(async () => {
    server = await startApiServer()
  })
  afterAll(() => server?.stop())

  test('is accepted when FILE is set with the command in the README, and the namespace admits its pod', async () => {
    // `apply` and not `create`, because the default account of the namespace can exist already.
    expectSuccess(
      await server.kubectl(['apply', '--server-side', '-f', join(root, 'infra/cluster/base/namespace.yaml')]),
    )
    const file = join(root, 'infra/cluster/onprem/restore.yaml')
    const made = expectSuccess(await server.kubectl(['create', '--dry-run=client', '-o', 'yaml', '-f', file]))
    const named = ['set', 'env', '--local', '-f', '-', 'FILE=vigia-2026-11-20T023000Z.dump', '-o', 'yaml']
    const input = expectSuccess(await server.kubectl(named, { input: made }))
    const strictly = ['create', '--validate=strict', '--dry-run=server', '-o', 'json', '-f', '-']
    const { code, stdout, stderr } = await server.kubectl(strictly, { input })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [container] = JSON.parse(stdout).spec.template.spec.containers
    expect(container.env.at(-1)).toEqual({ name: 'FILE', value: 'vigia-2026-11-20T023000Z.dump' })
  })
})

/**
 * The folder with a PostgreSQL server and its tools of one version. The npm package has no tools; Debian has a folder
 * per version.
 */
const bin = await (async () => {
  const versions = await readdir('/usr/lib/postgresql').catch((): string[] => [])
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const there = await readdir(`/usr/lib/postgresql/${version}/bin`).catch((): string[] => [])
    if (['initdb', 'postgres', 'pg_dump', 'pg_restore', 'psql'].every(name => there.includes(name)))
      return `/usr/lib/postgresql/${version}/bin`
  }
  return undefined
})()
const why = bin ? undefined : "no PostgreSQL with its tools; it is Debian's package postgresql"

describe.skipIf(why)(`a nightly dump${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string
  let port: number
  let server: ReturnType<typeof spawn>
  let client: pg.Client
  const account = runAs(serverAccount())
  const url = (database: string, user: string) => `postgres://${user}:secret@127.0.0.1:${port}/${database}`

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigia-restore-'))
    if (account.uid !== undefined) await chown(folder, account.uid, account.gid!)
    await chmod(folder, 0o755)
    await writeFile(join(folder, 'password'), 'secret', { mode: 0o644 })
    const data = join(folder, 'data')
    const options = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`]
    await promisify(execFile)(join(bin!, 'initdb'), ['-D', data, ...options], { ...account, cwd: '/' })
    port = await freePort()
    const settings = [`port=${port}`, `unix_socket_directories=${folder}`, 'listen_addresses=127.0.0.1', 'fsync=off']
    server = spawn(join(bin!, 'postgres'), ['-D', data, ...settings.flatMap(one => ['-c', one])], {
      ...account,
      cwd: '/',
      stdio: 'ignore',
    })
    const executeAsSuperuser = async (sql: string) => {
      const one = new pg.Client({ connectionString: url('postgres', 'postgres') })
      await one.connect()
      await one.query(sql).finally(() => one.end())
    }
    const answers = () => executeAsSuperuser('select 1').then(Boolean.bind(null, true), () => false)
    await until(answers, { timeoutMs: 60_000, what: 'a PostgreSQL that answers' })
    await executeAsSuperuser("create role vigia login password 'secret'")
    await executeAsSuperuser('create database vigia owner vigia')
    await migrate(url('vigia', 'vigia'))
  })
  afterAll(async () => {
    if (server) {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
    }
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    for (const name of await readdir(folder)) if (name.includes('.dump')) await rm(join(folder, name))
    client = new pg.Client({ connectionString: url('vigia', 'vigia') })
    // The restore ends this connection.
    client.on('error', () => {})
    await client.connect()
    await client.query('truncate chat cascade; drop table if exists later; insert into chat (id) values (42)')
    return async () => client.end().catch(() => {})
  })

  /** Runs the command of a container. Only the folder of the dumps is replaced. */
  const run = ([program, ...args]: string[], env: Record<string, string> = {}) => {
    const server = {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'vigia',
      PGDATABASE: 'vigia',
      PGPASSWORD: 'secret',
    }
    const { status, stdout, stderr } = spawnSync(
      program!,
      args.map(one => one.replaceAll('/backups', folder)),
      {
        env: { PATH: [bin, '/usr/bin', '/bin'].join(delimiter), ...server, ...env },
        // As in a pod. With a socket as its input, bash would behave as in a remote login.
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
      },
    )
    return { code: status, stdout, stderr }
  }
  const dump = async () => {
    const nightly = (await renderOverlay('onprem')).find(({ kind }) => kind === 'CronJob')!
    const { code, stderr } = run(podSpecs(nightly)[0].containers[0].command)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return (await readdir(folder)).find(name => name.endsWith('.dump'))!
  }
  const restore = (FILE: string) => run(podSpecs(restoreJob())[0].containers[0].command, { FILE })
  const chats = async () => {
    const one = new pg.Client({ connectionString: url('vigia', 'vigia') })
    await one.connect()
    try {
      return (await one.query('select id from chat order by id')).rows.map(({ id }) => Number(id))
    } finally {
      await one.end()
    }
  }

  test('is restored exactly, without later changes, although functions are still connected', async () => {
    const file = await dump()
    await client.query('delete from chat; insert into chat (id) values (43); create table later (id int)')
    await client.query('begin; lock table chat')
    const { code, stdout, stderr } = restore(file)
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: `${file} is restored\n` })
    expect(await chats()).toEqual([42])
    await client.end().catch(() => {})
    client = new pg.Client({ connectionString: url('vigia', 'vigia') })
    await client.connect()
    await expect(client.query('select * from later')).rejects.toThrow('does not exist')
    // The migrations of the release that made the dump have nothing to do.
    await migrate(url('vigia', 'vigia'))
  })

  test('that is truncated changes nothing, and the Job fails', async () => {
    const file = await dump()
    const whole = await readFile(join(folder, file))
    await writeFile(join(folder, 'broken.dump'), whole.subarray(0, whole.length * 0.9))
    await client.query('insert into chat (id) values (43)')
    const { code, stdout, stderr } = restore('broken.dump')
    expect(code).not.toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toContain('pg_restore: error')
    expect(await chats()).toEqual([42, 43])
  })

  test.each(['', 'vigia-2026-01-01T023000Z.dump'])(
    'that does not exist (%j) is an error with a list of the dumps',
    async name => {
      const file = await dump()
      const { code, stderr } = restore(name)
      expect(code).toBe(1)
      expect(stderr).toContain(file)
      expect(await chats()).toEqual([42])
    },
  )
})
