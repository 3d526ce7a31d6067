import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { observe } from '#infra/observability/observe/observe.ts'
import { canMount, disk, fill, remount } from '#test/support/disks.ts'
import { until } from '#test/support/until.ts'

let folder: string
let programs: string
let lines: string[]
let controller: AbortController
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-observe-'))
  programs = join(folder, 'bin')
  mkdirSync(programs)
  lines = []
  controller = new AbortController()
})
afterEach(() => {
  controller.abort()
  rmSync(folder, { recursive: true, force: true })
})

/** Puts a shell script in the place of a program. */
const install = (name: string, script: string) =>
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })

/** A program that writes its process id, arguments and environment to a file, and then runs until it is ended. */
const recorder = (name: string) =>
  `{ echo $$; echo "$@"; env; } > ${folder}/${name}.draft; mv ${folder}/${name}.draft ${folder}/${name}.started; exec sleep 600`

const start = (observeDir = folder) =>
  observe({
    env: {
      PATH: `${programs}:/nowhere`,
      PORT: '18080',
      PROMETHEUS_PORT: '19090',
      GRAFANA_PORT: '13000',
      OBSERVE_DIR: observeDir,
      ALERTMANAGER: 'localhost:19093',
    },
    print: line => lines.push(line),
    signal: controller.signal,
  })

const startOf = async (name: string) => {
  const file = join(folder, `${name}.started`)
  await until(() => existsSync(file), { what: name })
  const [pid, args, ...env] = readFileSync(file, 'utf8').split('\n')
  return { pid: Number(pid), args: args!, env }
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('without Prometheus, one line says how to install it, and the exit code is 1', async () => {
  expect(await start()).toBe(1)
  expect(lines).toEqual([expect.stringMatching(/^Prometheus is not on PATH\. Install it: apt-get install prometheus/)])
})

test('without Grafana, one line says so, and Prometheus runs with the configuration for the running Vigia', async () => {
  install('prometheus', recorder('prometheus'))
  const ended = start()
  const { pid, args } = await startOf('prometheus')
  expect(lines).toEqual([
    'Prometheus  http://localhost:19090, scrapes Vigia on port 18080',
    expect.stringMatching(
      /^Grafana is not on PATH, so there are no dashboards, only http:\/\/localhost:19090\. Install it: /,
    ),
  ])
  expect(args).toContain('--web.listen-address=127.0.0.1:19090')
  const { scrape_configs, alerting } = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8'))
  expect(alerting.alertmanagers).toEqual([{ static_configs: [{ targets: ['localhost:19093'] }] }])
  expect(scrape_configs).toMatchObject([
    { job_name: 'prometheus', static_configs: [{ targets: ['localhost:19090'] }] },
    { job_name: 'vigia', honor_labels: true, static_configs: [{ targets: ['localhost:18080'] }] },
    { job_name: 'functions', honor_labels: true, http_sd_configs: [{ url: 'http://localhost:18080/metrics/targets' }] },
  ])
  controller.abort()
  expect(await ended).toBe(0)
  expect(isRunning(pid)).toBe(false)
})

test('Grafana gets the data source and the dashboards, is reachable only from this machine, and ends with Prometheus', async () => {
  install('prometheus', recorder('prometheus'))
  install('grafana', recorder('grafana'))
  const ended = start()
  const prometheus = await startOf('prometheus')
  const { pid, args, env } = await startOf('grafana')
  expect(lines).toContain('Grafana     http://localhost:13000/dashboards')
  expect(args).toMatch(/^server\b/)
  expect(env).toEqual(expect.arrayContaining(['GF_SERVER_HTTP_ADDR=127.0.0.1', 'GF_SERVER_HTTP_PORT=13000']))
  const provisioning = env.find(line => line.startsWith('GF_PATHS_PROVISIONING='))!.split('=')[1]!
  const { datasources } = parse(readFileSync(join(provisioning, 'datasources/vigia.yaml'), 'utf8'))
  expect(datasources).toMatchObject([{ type: 'prometheus', url: 'http://localhost:19090', isDefault: true }])
  const { providers } = parse(readFileSync(join(provisioning, 'dashboards/vigia.yaml'), 'utf8'))
  expect(existsSync(join(providers[0].options.path, 'overview.json'))).toBe(true)
  controller.abort()
  expect(await ended).toBe(0)
  expect([prometheus.pid, pid].map(isRunning)).toEqual([false, false])
})

test('a program that ends by itself ends the other one, and its last line is printed', async () => {
  install(
    'prometheus',
    `until [ -e ${folder}/grafana.started ]; do sleep 0.05; done; echo 'the port is in use' >&2; exit 3`,
  )
  install('grafana', recorder('grafana'))
  expect(await start()).toBe(1)
  expect(lines.at(-1)).toBe('Prometheus ended with exit code 3: the port is in use')
  expect(isRunning((await startOf('grafana')).pid)).toBe(false)
})

test.skipIf(!canMount).each([
  ['full', 'ENOSPC', fill],
  ['read-only', 'EROFS', (at: string) => remount(at, 'ro')],
])('a folder on a disk that is %s is one line, and nothing is started', async (_, code, change) => {
  install('prometheus', recorder('prometheus'))
  const at = disk('size=64k')
  change(at)
  expect(await start(at)).toBe(1)
  expect(lines).toEqual([
    `${at}/prometheus.yml cannot be written: ${code}; set OBSERVE_DIR to a folder on a disk with free space`,
  ])
  expect(existsSync(join(folder, 'prometheus.started'))).toBe(false)
})

test('when the disk becomes full while Prometheus runs, one line says so, and Prometheus goes on', async () => {
  const complaint = 'level=error msg="Scrape commit failed" err="write to WAL: no space left on device"'
  install('prometheus', `for _ in 1 2 3; do echo '${complaint}' >&2; sleep 0.1; done\n${recorder('prometheus')}`)
  const ended = start()
  const { pid } = await startOf('prometheus')
  const about = () => lines.filter(line => line.includes('cannot write'))
  await until(() => about().length > 0, { what: 'the line' })
  expect(about()).toEqual(['Prometheus goes on, but it cannot write its data: no space left on device'])
  expect(isRunning(pid)).toBe(true)
  controller.abort()
  expect(await ended).toBe(0)
})
