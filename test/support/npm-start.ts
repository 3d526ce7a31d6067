import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '#infra/repository.ts'
import type { FunctionReport } from '#local/activator/function-pool.ts'
import { processJournal } from '#local/activator/process-journal.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'
import { sendRequest, type TestRequest } from './http.ts'
import { until } from './until.ts'

/** A folder of one's own, where the database's user can reach it. Whoever asks for it clears it away. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-journey-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Ends what a killed runtime may have left running on the folder, and removes it. */
export const removeDataFolder = async (folder: string): Promise<void> => {
  if (existsSync(join(folder, 'processes'))) {
    await processJournal(join(folder, 'processes')).endOrphans()
    await wipeDataFolder(folder)
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

export interface VigiaOptions {
  /** Added to what a process needs anyway; the caller's own environment is not handed on. */
  env?: Record<string, string>
  /** Kept when it ends; without it there is a new one that goes with it. */
  dataDir?: string
  args?: string[]
  /** The checkout that is started; this one without it. */
  checkout?: string
  /** What starts it, in place of the Node that runs the tests. */
  command?: readonly [string, ...string[]]
  /** The leader of a process group of its own, as a service manager or a shell makes it. */
  ownGroup?: boolean
  /** Rewrites the manifests that it reads: the text of a file and its path in, another text out. */
  manifests?: (text: string, file: string) => string
}

/** `npm start` as a process of its own, on any free port, whether it comes up or not. */
export const spawnVigia = ({
  env = {},
  dataDir,
  args = [],
  checkout = root,
  command = [process.execPath, join(checkout, 'infra/local/main.ts')],
  ownGroup = false,
  manifests,
}: VigiaOptions = {}) => {
  const own: string[] = []
  const folder = dataDir ?? temporaryFolder()
  if (dataDir === undefined) own.push(folder)
  const rewritten = manifests && rewrittenManifests(manifests)
  if (rewritten) own.push(rewritten)
  const [program, ...given] = command
  const child = spawn(program, [...given, ...args], {
    cwd: checkout,
    detached: ownGroup,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: '0',
      DATA_DIR: folder,
      ...(rewritten ? { VIGIA_MANIFESTS: rewritten } : {}),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const ended = once(child, 'close').then(async ([code]) => {
    for (const made of own) await removeDataFolder(made)
    return code as number | null
  })
  return {
    pid: child.pid!,
    dataDir: folder,
    output: () => output,
    /** The exit code, once it has ended. */
    ended,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  }
}

/** A copy of a checkout at `path`, as git would make one: no `.build`, no data. The packages are the same files. */
export const copyCheckout = (path: string, from = root): void => {
  mkdirSync(path, { recursive: true })
  for (const name of readdirSync(from))
    if (!['.build', '.git', '.vigia', 'node_modules'].includes(name))
      cpSync(join(from, name), join(path, name), { recursive: true })
  const packages = join(from, 'node_modules')
  // Hard links, so that programs in the packages run from the path of the copy. A link to the folder where that cannot be.
  const linked = spawnSync('cp', ['-al', packages, join(path, 'node_modules')])
  if (linked.status === 0) return
  rmSync(join(path, 'node_modules'), { recursive: true, force: true })
  symlinkSync(packages, join(path, 'node_modules'))
}

const rewrittenManifests = (rewrite: (text: string, file: string) => string): string => {
  const folder = temporaryFolder()
  for (const part of ['knative', 'triggers']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
    for (const name of readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.yaml')) continue
      const file = join(part, name)
      writeFileSync(join(folder, file), rewrite(readFileSync(join(folder, file), 'utf8'), file))
    }
  }
  return folder
}

/** `npm start`, up and ready. */
export const startVigia = async (options: VigiaOptions = {}) => {
  const running = spawnVigia(options)
  const port = await until(
    () => /inside\s+http:\/\/localhost:(\d+)\//.exec(running.output())?.[1] ?? running.isOver(),
    {
      what: 'npm start to be ready',
      timeoutMs: 60_000,
    },
  )
    .then(found => (typeof found === 'string' ? found : Promise.reject(new Error('npm start has ended'))))
    .catch(async (error: Error) => {
      running.kill('SIGKILL')
      await running.ended
      throw new Error(`${error.message}; it said:\n${running.output()}`, { cause: error.cause })
    })
  const publicPort = Number(/public\s+http:\/\/localhost:(\d+)/.exec(running.output())?.[1])
  const url = `http://localhost:${port}`
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { 'vigia-local': '1', ...init.headers } })
  const api = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await call(path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  return {
    url,
    port: Number(port),
    publicPort,
    pid: running.pid,
    dataDir: running.dataDir,
    output: running.output,
    /** The exit code, once it and everything that writes to its output has ended. */
    ended: running.ended,
    /** Any request to its port, with the header that changes need. */
    call,
    /** What the control API answers, as JSON. Throws for a status of 400 and more. */
    api,
    /** A request under one of its names: `telegram-webhook.localhost`. */
    ask: (host: string, path: string, { method = 'GET', headers, body }: TestRequest = {}) =>
      sendRequest(Number(port), {
        method,
        path,
        headers: { host, ...headers },
        ...(body === undefined ? {} : { body }),
      }),
    /** How a function is. */
    report: async (name: string): Promise<FunctionReport> =>
      ((await api('/api/functions')) as FunctionReport[]).find(one => one.name === name)!,
    /** Posts an event to the broker, with `attributes` besides those that every event has. The status. */
    publish: async (attributes: Record<string, string>, data: unknown): Promise<number> => {
      const all = { specversion: '1.0', source: '/test', ...attributes }
      const headers = Object.fromEntries(Object.entries(all).map(([name, value]) => [`ce-${name}`, value]))
      const body = JSON.stringify(data)
      return (
        await call('/vigia/default', {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body,
        })
      ).status
    },
    /** As Ctrl-C does. The exit code. */
    stop: (): Promise<number | null> => {
      if (!running.isOver()) running.kill('SIGINT')
      return running.ended
    },
    kill9: async (): Promise<void> => {
      running.kill('SIGKILL')
      await running.ended
    },
  }
}

export type Vigia = Awaited<ReturnType<typeof startVigia>>
