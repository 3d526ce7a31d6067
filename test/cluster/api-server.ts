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
import { clusterClient } from './support/cluster-client.ts'
import { type StandIn, standIn } from './support/controllers.ts'
import { installCrds } from './support/crds.ts'
import { keep } from './support/kept.ts'
import { type Programs, programs, Unavailable } from './support/programs.ts'

/** How a program ended and what it said. */
export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** What a program printed; throws what it complained of, should it have ended badly. */
export const succeeded = ({ code, stdout, stderr }: Ran): string => {
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr || stdout}`)
  return stdout
}

export interface RunOptions {
  /** Its standard input. */
  input?: string
  /** Beside the variables that lead to this API server. */
  env?: Record<string, string>
  cwd?: string
}

/** A real kube-apiserver with its etcd, and real tools that speak to it. */
export interface ApiServer {
  url: string
  /** Path of a kubeconfig for an administrator. */
  kubeconfig: string
  /** What a script needs to find this server and the real tools: PATH, KUBECONFIG and homes for what the tools keep. */
  env: Record<string, string>
  kubectl(args: string[], options?: RunOptions): Promise<Ran>
  helm(args: string[], options?: RunOptions): Promise<Ran>
  /** The one that sets the conditions controllers would. */
  controllers: StandIn
  /** The end of what kube-apiserver logged, for a failing test. */
  log(): Promise<string>
  stop(): Promise<void>
}

/**
 * Why no API server can be had here, or undefined; compiles it where that is the way. With VIGIA_API_SERVER=required in the
 * environment the reason is an error: a machine that is there to run these tests must not skip them.
 */
export const whyNoApiServer = async (): Promise<string | undefined> => {
  try {
    for (const tool of ['kubectl', 'helm'] as const)
      if ((await kubeTool(tool)) === undefined) throw new Unavailable(`no ${tool}: neither from npm nor on PATH`)
    if (crdsSkipReason) throw new Unavailable(crdsSkipReason)
    await programs()
    return undefined
  } catch (error) {
    if (!(error instanceof Unavailable) || process.env.VIGIA_API_SERVER === 'required') throw error
    process.stderr.write(`${error.message}\n`)
    return error.message
  }
}

/** Starts etcd, kube-apiserver with the CRDs in it, and the stand-in for controllers. Everything ends with this process. */
export const apiServer = async (): Promise<ApiServer> => {
  const found = await programs()
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
  const kept = await keep({ folder, programs: await commands(found, folder, url, log) })
  const lastWords = async () => {
    const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n')
    // The letters are klog's for information and warnings; of both it has plenty when all is well.
    return lines
      .filter(line => !/^[IW]\d{4} /.test(line))
      .slice(-15)
      .join('\n')
  }
  const stop = async () => {
    await kept.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    // The server signs its certificate itself.
    const certificate = join(folder, 'certificates/apiserver.crt')
    const client = await until(
      async () => {
        if (!kept.running()) return 'ended'
        if (!existsSync(certificate)) return undefined
        const one = clusterClient({ url, token, authority: await readFile(certificate, 'utf8') })
        const answer = await one.ask('GET', '/readyz').catch(() => undefined)
        if (answer?.status === 200) return one
        one.close()
        return undefined
      },
      { timeoutMs: 180_000, what: 'a ready kube-apiserver' },
    )
    if (client === 'ended') throw new Error('etcd or kube-apiserver ended by itself')
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, JSON.stringify(configFor(url, token, certificate)), { mode: 0o600 })
    const env = await surroundings(folder, kubeconfig)
    const kubectl = tool('kubectl', env)
    await installCrds(kubectl)
    // Putting all kinds into one document takes a slow machine longer than kubectl waits for it; afterwards it is there.
    await client.ask('GET', '/openapi/v2', { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' })
    const controllers = await standIn(client)
    return {
      url,
      kubeconfig,
      env,
      kubectl,
      helm: tool('helm', env),
      controllers,
      log: lastWords,
      stop: async () => {
        await controllers.stop()
        client.close()
        await stop()
      },
    }
  } catch (error) {
    const words = await lastWords()
    await stop()
    throw new Error(`the API server did not come up:\n${words}`, { cause: error })
  }
}

/** The keys that sign service accounts' tokens, and the token of the administrator. */
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
        // Its data is worth nothing after the test.
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
    },
    {
      file: found.kubeApiserver,
      log,
      // It takes a gigabyte as it is; half of that is enough for one namespace or two.
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

const configFor = (server: string, token: string, certificate: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'test', cluster: { server, 'certificate-authority': certificate } }],
  users: [{ name: 'test', user: { token } }],
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  'current-context': 'test',
})

/** The real tools in front of PATH under their own names, and folders of this server's for what they keep. */
const surroundings = async (folder: string, kubeconfig: string) => {
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
  (name: KubeTool, surroundings: Record<string, string>) =>
  (args: string[], options: RunOptions = {}) =>
    runProgram(join(surroundings.PATH!.split(delimiter)[0]!, name), args, {
      ...options,
      env: { ...surroundings, ...options.env },
    })

/** Runs a program to its end, whatever that is; `env` is all it gets. */
export const runProgram = (
  file: string,
  args: string[],
  { input = '', env = {}, cwd = tmpdir() }: RunOptions = {},
): Promise<Ran> =>
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
    // A program that has ended needs no more input.
    child.stdin!.on('error', () => {})
    child.stdin!.end(input)
  })
