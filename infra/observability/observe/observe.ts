import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { root } from '#infra/repository.ts'
import { type Program, runTogether } from './children.ts'
import { grafanaEnvironment, grafanaProvisioning, prometheusConfiguration } from './configuration.ts'

export interface ObserveOptions {
  /**
   * Reads PATH; PORT of `npm start`; ALERTMANAGER (`localhost:9093`); PROMETHEUS_PORT; GRAFANA_PORT; and OBSERVE_DIR,
   * the folder in which Prometheus and Grafana keep their data.
   */
  env: NodeJS.ProcessEnv
  print(line: string): void
  /** Ends the programs. */
  signal: AbortSignal
}

const noPrometheus =
  'Prometheus is not on PATH. Install it: apt-get install prometheus (Debian), brew install prometheus (macOS), or https://prometheus.io/download'
const noGrafana = (url: string) =>
  `Grafana is not on PATH, so there are no dashboards, only ${url}. Install it: https://grafana.com/docs/grafana/latest/setup-grafana/installation`

/** Where packages put the files that Grafana needs besides its program. */
const grafanaHomes = ['/usr/share/grafana', '/usr/local/share/grafana', '/opt/homebrew/share/grafana']

/** `npm run observe`: runs Prometheus, and Grafana if it is installed, until the signal. Returns the exit code. */
export const observe = async (options: ObserveOptions): Promise<number> => {
  try {
    return await run(options)
  } catch (error) {
    if (!(error instanceof UnwritableFolder)) throw error
    options.print(error.message)
    return 1
  }
}

class UnwritableFolder extends Error {}

const run = async ({ env, print, signal }: ObserveOptions): Promise<number> => {
  const find = (program: string) =>
    (env.PATH ?? '')
      .split(delimiter)
      .map(folder => join(folder, program))
      .find(path => existsSync(path))
  const prometheus = find('prometheus')
  if (prometheus === undefined) {
    print(noPrometheus)
    return 1
  }
  const [port, prometheusPort, grafanaPort] = [
    env.PORT ?? '8080',
    env.PROMETHEUS_PORT ?? '9090',
    env.GRAFANA_PORT ?? '3000',
  ]
  const folder = env.OBSERVE_DIR ?? join(root, '.build/observe')
  const prometheusUrl = `http://localhost:${prometheusPort}`
  const programs = [
    await prometheusProgram({ prometheus, port, prometheusPort, folder, alertmanager: env.ALERTMANAGER }),
  ]
  print(`Prometheus  ${prometheusUrl}, scrapes Vigia on port ${port}`)

  const grafana = find('grafana') ?? find('grafana-server')
  if (grafana === undefined) print(noGrafana(prometheusUrl))
  else {
    programs.push(await grafanaProgram({ grafana, prometheusUrl, port: Number(grafanaPort), folder }))
    print(`Grafana     http://localhost:${grafanaPort}/dashboards`)
  }
  const failure = await runTogether(programs, signal, print)
  if (failure !== null) print(failure)
  return failure === null ? 0 : 1
}

const prometheusProgram = async (options: {
  prometheus: string
  port: string
  prometheusPort: string
  folder: string
  alertmanager: string | undefined
}): Promise<Program> => {
  const { port, prometheusPort, alertmanager } = options
  const file = join(options.folder, 'prometheus.yml')
  const ruleFiles = [join(root, 'infra/observability/rules/*.yml')]
  await write(file, prometheusConfiguration({ port, prometheusPort, interval: '15s', ruleFiles, alertmanager }))
  return {
    name: 'Prometheus',
    command: options.prometheus,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(options.folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ],
  }
}

const grafanaProgram = async (options: {
  grafana: string
  prometheusUrl: string
  port: number
  folder: string
}): Promise<Program> => {
  const folder = join(options.folder, 'grafana')
  const files = grafanaProvisioning(options.prometheusUrl, join(root, 'infra/observability/cluster/dashboards'))
  for (const [path, text] of files) await write(join(folder, 'provisioning', path), text)
  const home = grafanaHomes.find(path => existsSync(path))
  return {
    name: 'Grafana',
    command: options.grafana,
    // The program "grafana-server" of older packages takes the same flags, without the word "server".
    args: [
      ...(options.grafana.endsWith('grafana-server') ? [] : ['server']),
      ...(home === undefined ? [] : [`--homepath=${home}`]),
    ],
    env: grafanaEnvironment(folder, options.port),
  }
}

const write = async (file: string, text: string) => {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  } catch (error) {
    throw new UnwritableFolder(
      `${file} cannot be written: ${(error as NodeJS.ErrnoException).code}; set OBSERVE_DIR to a folder on a disk with free space`,
      { cause: error },
    )
  }
}
