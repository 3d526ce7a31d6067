import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { type Journey, startJourney } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'
import { pythonPackages } from './support/python-packages.ts'
import { enginesSkipReason, startProgram, timeoutMs } from './support/workflow-engines.ts'

const folder = join(root, 'infra/workflows/airflow')
const installed = enginesSkipReason
  ? { reason: enginesSkipReason }
  : await pythonPackages(join(folder, 'requirements.txt'))
const why = 'reason' in installed ? ` (skipped: ${installed.reason})` : ''
if ('reason' in installed) process.stderr.write(`Airflow: ${installed.reason}\n`)

describe.skipIf(why)(`Airflow runs the DAG of the weekly incidents${why}`, { timeout: 3 * timeoutMs }, () => {
  let home: string
  let database: TestDatabase
  let journey: Journey
  let person: ReturnType<Journey['telegram']['user']>

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vigia-airflow-'))
    database = await freshDatabase()
    journey = await startJourney({ env: { DATABASE_URL: database.url } })
    person = journey.telegram.user('Ana', { language: 'pt-br' })
    person.send('/start')
    await until(() => person.answers().length > 0, { timeoutMs: 60_000, what: 'the answer to /start' })
    await database.db.query(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
       values ($1, 'Loja; "grande"', 'http', 'https://loja.example/', 60, 10000)`,
      [person.chatId],
    )
    // The week of São Paulo from 16 to 23 November begins and ends at 03:00 UTC.
    for (const [opened, closed] of [
      ['2026-11-16T02:59:59Z', '2026-11-16T03:30:00Z'],
      ['2026-11-16T03:00:00Z', '2026-11-16T03:10:00Z'],
      ['2026-11-20T12:00:00Z', '2026-11-20T12:20:30Z'],
      ['2026-11-23T03:00:00Z', null],
    ])
      await database.db.query(
        `insert into incident (monitor_id, opened_at, opened_cause, status, error, closed_at)
         select id, $1, 'test', 503, 'http-status', $2 from monitor`,
        [opened, closed],
      )
    expect((await airflow(['db', 'migrate']).ended).code).toBe(0)
  })
  afterAll(async () => {
    await journey?.stop()
    await database?.end()
    if (home) await rm(home, { recursive: true, force: true })
  })

  /** Starts a command of Airflow. */
  const airflow = (args: string[], env: Record<string, string> = {}) => {
    const { hostname, searchParams, port, username, password, pathname } = new URL(database.url)
    const connection = {
      conn_type: 'postgres',
      host: searchParams.get('host') ?? hostname,
      ...(port ? { port: Number(port) } : {}),
      login: decodeURIComponent(username),
      password: decodeURIComponent(password),
      schema: pathname.slice(1),
    }
    return startProgram(join('folder' in installed ? installed.folder : '', 'airflow'), args, {
      cwd: home,
      env: {
        PATH: process.env.PATH!,
        HOME: home,
        AIRFLOW_HOME: home,
        AIRFLOW__CORE__DAGS_FOLDER: folder,
        AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
        AIRFLOW_CONN_VIGIA_DATABASE: JSON.stringify(connection),
        AIRFLOW_CONN_VIGIA_BROKER: `http://localhost:${journey?.vigia.port}`,
        AIRFLOW_VAR_VIGIA_CHAT_ID: String(person?.chatId),
        AIRFLOW_VAR_VIGIA_EXPORTS: join(home, 'exports'),
        PYTHONDONTWRITEBYTECODE: '1',
        ...env,
      },
    })
  }
  const runDag = (env: Record<string, string> = {}) =>
    airflow(['dags', 'test', 'weekly_incidents', '2026-11-23T08:00:00-03:00'], env)
  const announced = () => person.answers().filter(({ text }) => text.includes('Semana de'))

  test('the incidents of the week are in a CSV file, and a message has their number; a repeat changes nothing', async () => {
    for (const _ of ['first', 'again']) {
      const { code, output } = await runDag().ended
      expect(code, output).toBe(0)
      expect(await readdir(join(home, 'exports'))).toEqual(['incidents-2026-11-16.csv'])
      expect((await readFile(join(home, 'exports/incidents-2026-11-16.csv'), 'utf8')).trim().split('\r\n')).toEqual([
        'incident,chat,monitor,url,opened_at,closed_at,seconds,status,error',
        expect.stringMatching(/^2,\d+,"Loja; ""grande""",https:\/\/loja\.example\/,.*,600,503,http-status$/),
        expect.stringMatching(/^3,\d+,"Loja; ""grande""",https:\/\/loja\.example\/,.*,1230,503,http-status$/),
      ])
      await journey.settled()
      await until(() => announced().length > 0, { timeoutMs: 60_000, what: 'the message' })
    }
    expect(announced().map(({ text }) => text)).toEqual([
      '📊 Semana de 16/11/2026\nincidentes / incidents: 2\nminutos fora do ar / minutes of downtime: 30',
    ])
  })

  test('a broker that refuses the event fails the DAG at the first attempt, and the log says why in one line', async () => {
    const refusing = createServer((request, response) => {
      request.resume()
      response.writeHead(400).end('no such event')
    })
    refusing.listen(0, '127.0.0.1')
    await once(refusing, 'listening')
    try {
      const broker = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`
      const { code, output } = await runDag({ AIRFLOW_CONN_VIGIA_BROKER: broker }).ended
      expect(code).toBe(1)
      expect(output).toContain('the broker answered 400 to workflow/weekly-incidents/2026-11-16: no such event')
    } finally {
      refusing.close()
    }
  })

  test('a broker that cannot be reached is tried again, and the log says why', async () => {
    const running = runDag({ AIRFLOW_CONN_VIGIA_BROKER: 'http://127.0.0.1:9' })
    try {
      await until(() => running.output().includes('new_state=up_for_retry'), {
        timeoutMs,
        what: 'a repeat of the task',
      })
      expect(running.output()).toMatch(/the broker cannot be reached: .+/)
    } finally {
      // `airflow dags test` waits for the time of the repeat.
      running.kill()
      await running.ended
    }
  })
})
