import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { onPath } from '#infra/delivery/on-path.ts'
import { freePort } from '#infra/net/free-port.ts'
import { type Rule, root, rulesFolder, yamlFiles } from '#test/observability/rule-files.ts'
import { emptyDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import { startSink } from '#test/support/function-server.ts'
import { type Journey, startJourney } from '#test/support/journey.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'

/** Debian's package has another name for the program. */
const alertmanager = ['alertmanager', 'prometheus-alertmanager'].find(onPath)
const missing = [
  ...(onPath('prometheus') ? [] : ['prometheus']),
  ...(alertmanager === undefined ? ['alertmanager (Debian: prometheus-alertmanager)'] : []),
]
const why = missing.length === 0 ? '' : ` (skipped: not on PATH: ${missing.join(', ')})`

/** The machine of these tests may be busy. */
const patiently = { timeoutMs: 150_000 }

const programs: { stop(): Promise<void>; output(): string }[] = []
const start = (command: string, args: string[]) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
  programs.push({
    output: () => output,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  })
}

/** Writes the rules to `target`. There, VigiaDeadLetters fires at once, without its `for`. */
const rulesWithoutWait = (target: string) => {
  for (const name of yamlFiles(rulesFolder)) {
    const file = parse(readFileSync(join(rulesFolder, name), 'utf8')) as { groups: { rules: Rule[] }[] }
    for (const { rules } of file.groups)
      for (const rule of rules) if (rule.alert === 'VigiaDeadLetters') delete rule.for
    writeFileSync(join(target, name), stringify(file))
  }
}

interface Receivers {
  vigia: string
  telegram: string
  heartbeat: string
}

/**
 * alertmanager.yml of this checkout with short times, the addresses of these receivers, and a token in place of the
 * file that has the token.
 */
const alertmanagerConfig = ({ vigia, telegram, heartbeat }: Receivers) => {
  const times = { group_wait: '0s', group_interval: '1s', repeat_interval: '1s' }
  const text = readFileSync(join(root, 'infra/observability/alertmanager.yml'), 'utf8')
  const config = parse(text, (key, value) => times[key as keyof typeof times] ?? value)
  config.route.repeat_interval = '4h'
  config.global = { telegram_api_url: telegram }
  const receiver = (name: string) => config.receivers.find((one: { name: string }) => one.name === name)
  receiver('vigia').webhook_configs[0].url = vigia
  receiver('heartbeat').webhook_configs = [{ url: heartbeat, send_resolved: false }]
  const { bot_token_file, ...bot } = receiver('telegram').telegram_configs[0]
  receiver('telegram').telegram_configs = [{ ...bot, bot_token: '1:unused' }]
  return config
}

describe.skipIf(why)(`Prometheus and Alertmanager on one machine${why}`, () => {
  let database: TestDatabase
  let mongo: Awaited<ReturnType<typeof freshMongo>>
  let journey: Journey
  let heartbeats: Awaited<ReturnType<typeof startSink>>
  let prometheusUrl: string

  beforeAll(async () => {
    database = await emptyDatabase()
    mongo = await freshMongo()
    heartbeats = await startSink(() => 200)
    journey = await startJourney({ env: { DATABASE_URL: database.url, MONGODB_URI: mongo.uri } })
    const { vigia, telegram } = journey
    await until(async () => (await (await vigia.call('/metrics')).text()).includes('job="probe-scheduler"'), {
      ...patiently,
      what: 'the first tick of probe-scheduler',
    })
    const data = folder()
    rulesWithoutWait(data)
    const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()]
    prometheusUrl = `http://127.0.0.1:${prometheusPort}`
    writeFileSync(
      join(data, 'alertmanager.yaml'),
      stringify(
        alertmanagerConfig({ vigia: `${vigia.url}/alerts`, telegram: telegram.url, heartbeat: heartbeats.url }),
      ),
    )
    writeFileSync(
      join(data, 'prometheus.yaml'),
      stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
        rule_files: [join(data, '*.yml')],
        alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
        scrape_configs: [
          { job_name: 'vigia', honor_labels: true, static_configs: [{ targets: [`127.0.0.1:${vigia.port}`] }] },
        ],
      }),
    )
    start(alertmanager!, [
      `--config.file=${join(data, 'alertmanager.yaml')}`,
      `--storage.path=${join(data, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      '--cluster.listen-address=',
    ])
    start('prometheus', [
      `--config.file=${join(data, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(data, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ])
  })

  afterAll(async () => {
    for (const { stop } of programs) await stop()
    await journey?.stop()
    await heartbeats?.[Symbol.asyncDispose]()
    await Promise.all([database?.end(), mongo?.end()])
  })

  const query = async (text: string) => {
    const response = await fetch(`${prometheusUrl}/api/v1/query?query=${encodeURIComponent(text)}`)
    return ((await response.json()) as { data: { result: { metric: Record<string, string> }[] } }).data.result
  }
  const firing = async () => (await query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname)
  const messages = () => journey.operator.answers().filter(({ text }) => text.includes('VigiaDeadLetters'))

  test('in a healthy system without monitors only the watchdog fires; it reaches the external heartbeat service, and the operator gets no message', async () => {
    await until(async () => (await query('count_over_time(vigia_database_up[1h]) > 5')).length === 1, {
      ...patiently,
      what: 'some scrapes',
    })
    await until(async () => (await firing()).includes('VigiaWatchdog'), { ...patiently, what: 'the watchdog' })
    expect(await firing()).toEqual(['VigiaWatchdog'])
    await until(() => heartbeats.received.length > 1, { ...patiently, what: 'two heartbeats' })
    expect(heartbeats.received[0]!.body).toContain('VigiaWatchdog')
    expect(journey.operator.answers().filter(({ text }) => text.includes('Vigia'))).toEqual([])
  })

  test('a dead letter that is not replayed gives one message, which is edited after the replay', async () => {
    await journey.vigia.publish({ id: 'broken', type: 'dev.vigia.message.requested', subject: 'chat/7' }, {})
    await until(() => messages().length > 0, { ...patiently, what: 'the message about the alert' })
    expect(messages()[0]!.text).toMatch(/^🟠 VigiaDeadLetters · atenção\n1 eventos? das últimas 24 horas/)
    expect(messages()[0]!.text).toContain('o que fazer · painel · #alert')

    await database.db.query("update dead_letter set replayed_at = at + interval '1 second'")
    await until(() => messages()[0]!.text.startsWith('✅'), { ...patiently, what: 'the edit of the message' })
    expect(messages()).toHaveLength(1)
    expect(messages()[0]!.text).toContain('✅ VigiaDeadLetters · resolvido')
  })
})
