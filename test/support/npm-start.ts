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

/** A new temporary folder that the user of the database server can read. The caller removes it. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-journey-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Stops the processes that a killed runtime may have left running on the folder, and removes the folder. */
export const removeDataFolder = async (folder: string): Promise<void> => {
  if (existsSync(join(folder, 'processes'))) {
    await processJournal(join(folder, 'processes')).endOrphans()
    await wipeDataFolder(folder)
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

export interface VigiaOptions {
  /** Variables in addition to PATH, HOME, PORT and DATA_DIR. The process gets no other variables of the caller. */
  env?: Record<string, string>
  /** A data folder that is kept. By default the runtime gets a new folder, which is removed when the runtime ends. */
  dataDir?: string
  args?: string[]
  /** The checkout to start; by default the checkout of these tests. */
  checkout?: string
  /** The command, in place of the Node.js that runs the tests. */
  command?: readonly [string, ...string[]]
  /** Whether the process is the leader of a new process group, as if a service manager or a shell had started it. */
  ownGroup?: boolean
  /** Rewrites each manifest for this start: gets the text and the path of the file, and returns the new text. */
  manifests?: (text: string, file: string) => string
}

/** Starts `npm start` as a process on any free port, and does not wait until it is ready. */
export const spawnVigia = ({
  env = {},
  dataDir,
  args = [],
  checkout = root,
  command = [process.execPath, join(checkout, 'infra/local/main.ts')],
  ownGroup = false,
  manifests,
}: VigiaOptions = {}) => {
  const ownFolders: string[] = []
  const folder = dataDir ?? temporaryFolder()
  if (dataDir === undefined) ownFolders.push(folder)
  const rewritten = manifests && rewrittenManifests(manifests)
  if (rewritten) ownFolders.push(rewritten)
  const [program, ...firstArgs] = command
  const child = spawn(program, [...firstArgs, ...args], {
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
    for (const made of ownFolders) await removeDataFolder(made)
    return code as number | null
  })
  return {
    pid: child.pid!,
    dataDir: folder,
    output: () => output,
    /** Resolves with the exit code when the process has ended. */
    ended,
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  }
}

/**
 * Copies a checkout to `path` like a fresh clone: without `.build` and data. The copy uses the package files of the
 * original. With `isBuilt` it also has the built functions, so that its first start builds only what it changes.
 */
export const copyCheckout = (path: string, { from = root, isBuilt = false } = {}): void => {
  mkdirSync(path, { recursive: true })
  for (const name of readdirSync(from))
    if (!['.build', '.git', '.vigia', 'node_modules'].includes(name))
      cpSync(join(from, name), join(path, name), { recursive: true })
  const built = join('.build', 'functions')
  if (isBuilt) cpSync(join(from, built), join(path, built), { recursive: true })
  const packages = join(from, 'node_modules')
  // Hard links, so that programs in the packages run from the path of the copy; else a symbolic link.
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

/** Starts `npm start` and waits until it is ready. */
export const startVigia = async (options: VigiaOptions = {}) => {
  const running = spawnVigia(options)
  const port = await until(
    () => /status\s+http:\/\/localhost:(\d+)\//.exec(running.output())?.[1] ?? running.isOver(),
    {
      what: 'npm start to be ready',
      timeoutMs: 180_000,
    },
  )
    .then(found =>
      typeof found === 'string' ? found : Promise.reject(new Error('npm start ended before it was ready')),
    )
    .catch(async (error: Error) => {
      running.kill('SIGKILL')
      await running.ended
      throw new Error(`${error.message}; its output was:\n${running.output()}`, { cause: error.cause })
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
    /** Resolves with the exit code when the process, and everything that writes to its output, has ended. */
    ended: running.ended,
    /** Sends a request to the port of the runtime, with the header Vigia-Local. */
    call,
    /** Calls the control API and returns its JSON. Throws if the status is 400 or more. */
    api,
    /** Sends a request to the runtime with one of its host names, such as `telegram-webhook.localhost`. */
    ask: (host: string, path: string, { method = 'GET', headers, body }: TestRequest = {}) =>
      sendRequest(Number(port), {
        method,
        path,
        headers: { host, ...headers },
        ...(body === undefined ? {} : { body }),
      }),
    /** The state of a function. */
    report: async (name: string): Promise<FunctionReport> =>
      ((await api('/api/functions')) as FunctionReport[]).find(one => one.name === name)!,
    /** Posts an event to the broker and returns the status. `attributes` adds to specversion and source. */
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
    /** Stops the runtime like Ctrl-C, and returns the exit code. */
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
