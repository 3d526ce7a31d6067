import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrationsDir } from '#database/migrate.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { telegram } from '#functions/telegram/client.ts'
import { buildJobs } from '#infra/delivery/jobs.ts'
import { freshDatabase, freshMongo } from '#test/support/database.ts'
import { startServer } from '#test/support/http.ts'
import { startSimulators } from '#test/support/journey.ts'

// The built job of the image, with the environment of doctor.yaml.

let jobs: string
let env: Record<string, string>
let stop: () => Promise<unknown>

beforeAll(async () => {
  jobs = await mkdtemp(join(tmpdir(), 'vigia-doctor-job-'))
  await buildJobs(jobs)
  await cp(migrationsDir, join(jobs, 'migrations'), { recursive: true })
  const [database, catalogue, simulators, broker] = await Promise.all([
    freshDatabase(),
    freshMongo(),
    startSimulators(),
    startServer((_, response) => response.writeHead(405).end()),
  ])
  // As if Vigia had just been installed: the database of a test can be a copy of one that was migrated long ago.
  await database.db.query('update migration set run_on = now()')
  await cursorsIn(database.db).advance('backup', new Date())
  env = {
    ...simulators.env,
    DATABASE_URL: database.url,
    MONGODB_URI: catalogue.uri,
    K_SINK: `${broker.url}/vigia/default`,
  }
  stop = () => Promise.all([database.end(), catalogue.end(), simulators.stop(), broker.stop()])
})
afterAll(async () => {
  await stop()
  await rm(jobs, { recursive: true })
})

const doctor = async (...args: string[]) => {
  const child = spawn(process.execPath, [join(jobs, 'doctor.mjs'), ...args], { env, cwd: '/' })
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number, output, errors }
}

test('the doctor of a cluster says that no webhook is set, and exits with 1', async () => {
  const { code, output, errors } = await doctor()
  expect({ code, errors }, output).toEqual({ code: 1, errors: '14 checks: 13 ok, 1 failed\n' })
  expect(output).toMatch(/^failed +webhook +no webhook is set$/m)
})

test('the doctor of a cluster exits with 0 if everything is well, and prints no secret', async () => {
  const bot = { apiRoot: env.TELEGRAM_API_ROOT!, token: env.TELEGRAM_BOT_TOKEN! }
  await telegram(bot).call('setWebhook', { url: 'https://vigia.example/telegram' })
  const { code, output, errors } = await doctor()
  expect({ code, errors }, output).toEqual({ code: 0, errors: '' })
  expect(output).toMatch(/^ok +broker +the broker answers \(status 405 to GET\)$/m)
  expect(output).toMatch(/^ok +backup +the last backup that PostgreSQL knows was made \d+ s ago$/m)
  expect(output).toMatch(/^ok +migrations +all \d+ are applied$/m)
  expect(output).toMatch(/^ok +webhook +webhook at vigia\.example; 0 updates wait$/m)
  expect(output).toMatch(/^14 checks: 14 ok$/m)
  expect(output).not.toContain(bot.token)
})

test('arguments that the doctor does not know give the usage', async () => {
  for (const args of [['--colour'], ['--backups', '/backups'], ['now']])
    expect(await doctor(...args)).toMatchObject({ code: 1, errors: expect.stringContaining('usage:\ndoctor [--json]') })
})
