import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type KubeTool, kubeTool } from '#infra/delivery/kube-tools.ts'
import { freePort } from '#infra/net/free-port.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { until } from '#test/support/until.ts'
import { apiServerPrograms, type Programs, Unavailable } from './support/api-server-programs.ts'
import { ClusterClient } from './support/cluster-client.ts'
import { type FakeControllers, startControllers } from './support/controllers.ts'
import { installCrds } from './support/crds.ts'
import { supervise } from './support/supervised-programs.ts'

/** The exit code and the output of a program that has ended. */
export interface ProgramResult {
  code: number
  stdout: string
  stderr: string
}

/** Returns the standard output of a program. Throws its standard error when the exit code is not 0. */
export const expectSuccess = ({ code, stdout, stderr }: ProgramResult): string => {
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr || stdout}`)
  return stdout
}

export interface RunOptions {
  /** The program's standard input. */
  input?: string
  /** Additional to the variables that point to this API server. */
  env?: Record<string, string>
  cwd?: string
}

/** A real kube-apiserver with its etcd, and the real kubectl and helm that use it. */
export interface ApiServer {
  url: string
  /** The path of an administrator's kubeconfig. */
  kubeconfig: string
  /**
   * The environment with which a script uses this server and the real tools: PATH, KUBECONFIG and folders for their
   * caches.
   */
  env: Record<string, string>
  kubectl(args: string[], options?: RunOptions): Promise<ProgramResult>
  helm(args: string[], options?: RunOptions): Promise<ProgramResult>
  /** Writes the status that real controllers would write. */
  controllers: FakeControllers
  /** The last errors in kube-apiserver's log, for a failed test. */
  log(): Promise<string>
  stop(): Promise<void>
}

/**
 * Why an API server is not possible on this machine, or undefined. Compiles it when needed. With
 * VIGIA_API_SERVER=required in the environment it throws the reason instead, so that a CI machine cannot skip the
 * tests.
 */
export const apiServerSkipReason = async (): Promise<string | undefined> => {
  try {
    for (const tool of ['kubectl', 'helm'] as const)
      if ((await kubeTool(tool)) === undefined)
        throw new Unavailable(`no ${tool}: it is neither in the npm packages nor on PATH`)
    if (crdsSkipReason) throw new Unavailable(crdsSkipReason)
    await apiServerPrograms()
    return undefined
  } catch (error) {
    if (!(error instanceof Unavailable) || process.env.VIGIA_API_SERVER === 'required') throw error
    process.stderr.write(`${error.message}\n`)
    return error.message
  }
}

/** Starts etcd, kube-apiserver with the CRDs, and the fake controllers. Everything ends with this process. */
export const startApiServer = async (): Promise<ApiServer> => {
  const found = await apiServerPrograms()
  const folder = await mkdtemp(join(tmpdir(), 'vigia-cluster-'))
  try {
    return await start(found, folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

const start = async (found: Programs, folder: string): Promise<ApiServer> => {
  const token = randomUUID()
  const url = `https://127.0.0.1:${await freePort()}`
  const log = join(folder, 'kube-apiserver.log')
  await writeKeys(folder, token)
  const supervised = await supervise({ folder, programs: await commands(found, folder, url, log) })
  const lastErrors = async () => {
    const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n')
    // I and W are klog's letters for information and warnings, which are frequent in a healthy server.
    return lines
      .filter(line => !/^[IW]\d{4} /.test(line))
      .slice(-15)
      .join('\n')
  }
  const stop = async () => {
    await supervised.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    // The server makes a self-signed certificate.
    const certificate = join(folder, 'certificates/apiserver.crt')
    const client = await until(
      async () => {
        if (!supervised.running()) return 'ended'
        if (!existsSync(certificate)) return undefined
        const one = new ClusterClient({ url, token, authority: await readFile(certificate, 'utf8') })
        const answer = await one.ask('GET', '/readyz').catch(() => undefined)
        if (answer?.status === 200) return one
        one.close()
        return undefined
      },
      { timeoutMs: 180_000, what: 'a ready kube-apiserver' },
    )
    if (client === 'ended') throw new Error('etcd or kube-apiserver ended by itself')
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, JSON.stringify(kubeconfigFor(url, token, certificate)), { mode: 0o600 })
    const env = await toolEnvironment(folder, kubeconfig)
    const kubectl = tool('kubectl', env)
    await installCrds(kubectl)
    // Building this document takes longer on a slow machine than kubectl waits for it. After this request it is cached.
    await client.ask('GET', '/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' })
    const controllers = await startControllers(client)
    return {
      url,
      kubeconfig,
      env,
      kubectl,
      helm: tool('helm', env),
      controllers,
      log: lastErrors,
      stop: async () => {
        await controllers.stop()
        client.close()
        await stop()
      },
    }
  } catch (error) {
    const log = await lastErrors()
    await stop()
    throw new Error(`the API server did not start:\n${log}`, { cause: error })
  }
}

/** Writes the key that signs the tokens of service accounts, and the token of the administrator. */
const writeKeys = async (folder: string, token: string) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(join(folder, 'accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  await writeFile(join(folder, 'tokens.csv'), `${token},administrator,administrator,system:masters\n`, { mode: 0o600 })
}

const commands = async (found: Programs, folder: string, url: string, log: string) => {
  const etcd = `http://127.0.0.1:${await freePort()}`
  const peers = `http://127.0.0.1:${await freePort()}`
  return [
    {
      file: found.etcd,
      log: join(folder, 'etcd.log'),
      args: [
        `--data-dir=${join(folder, 'etcd')}`,
        `--listen-client-urls=${etcd}`,
        `--advertise-client-urls=${etcd}`,
        `--listen-peer-urls=${peers}`,
        `--initial-advertise-peer-urls=${peers}`,
        `--initial-cluster=default=${peers}`,
        // The data is not needed after the test.
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
    },
    {
      file: found.kubeApiserver,
      log,
      // By default it uses a gigabyte. Half of that is enough for one or two namespaces.
      env: { GOGC: '50', GOMEMLIMIT: '500MiB' },
      args: [
        `--etcd-servers=${etcd}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${new URL(url).port}`,
        `--cert-dir=${join(folder, 'certificates')}`,
        `--token-auth-file=${join(folder, 'tokens.csv')}`,
        '--authorization-mode=RBAC',
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${join(folder, 'accounts.key')}`,
        `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
        '--service-cluster-ip-range=10.96.0.0/16',
        '--endpoint-reconciler-type=none',
        '--profiling=false',
      ],
    },
  ]
}

const kubeconfigFor = (server: string, token: string, certificate: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'test', cluster: { server, 'certificate-authority': certificate } }],
  users: [{ name: 'test', user: { token } }],
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  'current-context': 'test',
})

/** The real kubectl and helm are first on PATH. Their caches and settings are in `folder`. */
const toolEnvironment = async (folder: string, kubeconfig: string) => {
  const tools = join(folder, 'tools')
  const home = join(folder, 'home')
  await Promise.all([tools, home].map(path => mkdir(path)))
  for (const name of ['kubectl', 'helm'] as const) await symlink((await kubeTool(name))!, join(tools, name))
  return {
    PATH: [tools, process.env.PATH].join(delimiter),
    KUBECONFIG: kubeconfig,
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
  }
}

const tool =
  (name: KubeTool, environment: Record<string, string>) =>
  (args: string[], options: RunOptions = {}) =>
    runProgram(join(environment.PATH!.split(delimiter)[0]!, name), args, {
      ...options,
      env: { ...environment, ...options.env },
    })

/** Runs a program until it ends, with any exit code. `env` is its whole environment. */
export const runProgram = (
  file: string,
  args: string[],
  { input = '', env = {}, cwd = tmpdir() }: RunOptions = {},
): Promise<ProgramResult> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { env, cwd, maxBuffer: 64 * 1024 * 1024, timeout: 240_000 },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(error)
        else resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr })
      },
    )
    // A program can end before it has read all of its input.
    child.stdin!.on('error', () => {})
    child.stdin!.end(input)
  })
