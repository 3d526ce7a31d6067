import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onPath } from '#infra/delivery/on-path.ts'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'

const run = promisify(execFile)
const program = join(root, 'test/cluster/opensearch')

/** The class path of OpenSearch's libraries, or the reason why there is none. Maven downloads them once (60 MB). */
export const openSearchLibraries = async (): Promise<{ classPath: string } | { reason: string }> => {
  for (const name of ['java', 'mvn']) if (!onPath(name)) return { reason: `there is no ${name} on PATH` }
  const folder = join(root, '.build/cluster')
  await mkdir(folder, { recursive: true })
  const goal = ['--batch-mode', '--quiet', '--file', join(program, 'pom.xml'), 'dependency:build-classpath']
  try {
    const file = join(folder, 'opensearch.class-path')
    await run('mvn', [...goal, `-Dmdep.outputFile=${file}`], { timeout: 300_000 })
    return { classPath: (await readFile(file, 'utf8')).trim() }
  } catch (error) {
    return { reason: (error as Error).message.trim().split('\n').at(-1)! }
  }
}

/** Starts an empty OpenSearch on loopback. It ends with this process. */
export const startOpenSearch = async (classPath: string) => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-opensearch-'))
  const child = spawn('java', ['-Xmx512m', '-Djava.awt.headless=true', '-cp', classPath, 'OpenSearch.java', folder], {
    cwd: program,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const url = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`OpenSearch ended:\n${output}`)
      return /^http:\S+$/m.exec(output)?.[0]
    },
    { what: 'OpenSearch to be ready', timeoutMs: 240_000 },
  )
  /** Sends a request with a JSON body. Throws an Error with the response if the status is 400 or more. */
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
  return {
    url,
    call,
    stop: async () => {
      const ended = new Promise(resolve => child.once('close', resolve))
      child.stdin.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type OpenSearch = Awaited<ReturnType<typeof startOpenSearch>>
