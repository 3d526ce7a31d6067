import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '#database/migrate.ts'
import { renderOverlay } from '#infra/cluster/render/overlays.ts'
import { freePort } from '#infra/net/free-port.ts'
import { runAs, serverAccount, serverEnvironment } from '#local/databases/account.ts'
import { copyFolder, linkLibraries, postgresFolder, program } from '#local/databases/binaries.ts'
import { until } from '#test/support/until.ts'

const why =
  process.platform === 'linux' && spawnSync('psql', ['--version']).status === 0
    ? undefined
    : "no psql; it is in Debian's package postgresql-client"

/**
 * A PostgreSQL in the state before the image runs /docker-entrypoint-initdb.d: only a superuser, who needs no password
 * on the socket.
 */
const emptyServer = async () => {
  const account = serverAccount()
  const folder = await mkdtemp(join(tmpdir(), 'vigia-postgres-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  if (account) await chown(folder, account.uid, account.gid)
  await chmod(folder, 0o700)
  const native = join(folder, 'native')
  await copyFolder(postgresFolder(), native, account)
  await linkLibraries(native)
  const run = { ...runAs(account), cwd: '/', env: serverEnvironment() }
  const data = join(folder, 'data')
  const options = ['--username=postgres', '--auth-local=trust', '--auth-host=scram-sha-256']
  await promisify(execFile)(program(native, 'initdb'), ['-D', data, ...options], run)
  const port = await freePort()
  const settings = [`port=${port}`, `unix_socket_directories=${folder}`, 'listen_addresses=127.0.0.1', 'fsync=off']
  const server = spawn(program(native, 'postgres'), ['-D', data, ...settings.flatMap(one => ['-c', one])], {
    ...run,
    stdio: 'ignore',
  })
  onTestFinished(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGINT')
    await ended
  })
  return { folder, port }
}

test.skipIf(why)(
  `after the first start of PostgreSQL only the user vigia can log in over the network, and that user can migrate${why ? ` (skipped: ${why})` : ''}`,
  async () => {
    const { folder, port } = await emptyServer()
    const init = (await renderOverlay('minikube')).find(({ metadata }) => metadata.name === 'postgres-init')!
    const sql = (init as unknown as { data: Record<string, string> }).data['vigia.sql']!
    const psql = (input: string) =>
      spawnSync('psql', ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-d', 'postgres'], {
        input,
        encoding: 'utf8',
        env: {
          ...serverEnvironment(),
          PGHOST: folder,
          PGPORT: String(port),
          PGUSER: 'postgres',
          POSTGRES_PASSWORD: "it's 1 secret",
        },
      })
    await until(() => psql('select 1').status === 0, { timeoutMs: 60_000, what: 'a PostgreSQL that answers' })
    const { status, stderr } = psql(sql)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })

    const url = (user: string, password: string) =>
      `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/vigia`
    const queryAs = async (user: string, password: string, sql: string) => {
      const client = new pg.Client({ connectionString: url(user, password) })
      await client.connect()
      try {
        return (await client.query(sql)).rows
      } finally {
        await client.end()
      }
    }
    await migrate(url('vigia', "it's 1 secret"))
    const currentRole = `select rolname, rolsuper, rolcreaterole from pg_roles where rolname = current_user`
    expect(await queryAs('vigia', "it's 1 secret", currentRole)).toEqual([
      { rolname: 'vigia', rolsuper: false, rolcreaterole: false },
    ])
    await expect(queryAs('vigia', 'guess', currentRole)).rejects.toThrow('password authentication failed')
    await expect(queryAs('postgres', "it's 1 secret", currentRole)).rejects.toThrow('password authentication failed')
  },
)
