import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './manifests.ts'
import { until } from './until.ts'

/** A folder of one's own, where the database's user can reach it. Whoever asks for it clears it away. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-journey-'))
  chmodSync(folder, 0o755)
  return folder
}

export const clearAway = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 })

export interface VigiaOptions {
  /** Added to what a process needs anyway; the caller's own environment is not handed on. */
  env?: Record<string, string>
  /** Kept when it ends; without it there is a new one that goes with it. */
  dataDir?: string
  args?: string[]
  /** Rewrites the manifests that it reads: the text of a file and its path in, another text out. */
  manifests?: (text: string, file: string) => string
}

/** `npm start` as a process of its own, on any free port, whether it comes up or not. */
export const spawnVigia = ({ env = {}, dataDir, args = [], manifests }: VigiaOptions = {}) => {
  const own: string[] = []
  const folder = dataDir ?? temporaryFolder()
  if (dataDir === undefined) own.push(folder)
  const rewritten = manifests && rewrittenManifests(manifests)
  if (rewritten) own.push(rewritten)
  const child = spawn(process.execPath, [join(root, 'infra/local/main.ts'), ...args], {
    cwd: root,
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
    for (const made of own) await clearAway(made)
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
  const url = `http://localhost:${port}`

  return {
    url,
    port: Number(port),
    pid: running.pid,
    dataDir: running.dataDir,
    output: running.output,
    /** What the control API answers, as JSON. Throws for a status of 400 and more. */
    api: async (path: string, init?: RequestInit): Promise<unknown> => {
      const response = await fetch(`${url}${path}`, init)
      const text = await response.text()
      if (!response.ok) throw new Error(`${path} answered ${response.status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
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
