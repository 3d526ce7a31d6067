import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { build } from 'esbuild'
import { buildFunctions, loader } from '#infra/delivery/build.ts'
import { variablesOf, warmUp } from '#infra/delivery/warm-up.ts'
import { freePort } from '#infra/net/free-port.ts'
import type { Bench } from './bench.ts'

const root = join(import.meta.dirname, '../..')
const rounds = Number(process.env.ROUNDS ?? 20)
/** BASE is another checkout, whose built functions are started in the same rounds. */
const checkouts = [root, ...(process.env.BASE ? [process.env.BASE] : [])]

/** A process to start, and the request to send to it. */
export interface Start {
  name: string
  file: string
  requestKind: 'health' | 'event'
  env: Record<string, string>
}

export const bench: Bench = {
  title: `cold start: from spawn to the first response, median of ${rounds}, interleaved`,
  run: async log => {
    const folder = await mkdtemp(join(tmpdir(), 'vigia-cold-start-'))
    try {
      const functions = await buildFunctions({ log })
      const starts = [
        ...(await baselines(folder)),
        ...functions.flatMap(({ name }) =>
          checkouts.flatMap(checkout =>
            (['health', 'event'] as const).map(requestKind => ({
              name: `${name}, ${requestKind === 'health' ? '/healthz' : 'an event'}${checkout === root ? '' : ', in BASE'}`,
              file: join(checkout, `.build/functions/${name}.mjs`),
              requestKind,
              env: variablesOf(name),
            })),
          ),
        ),
      ]
      const times = starts.map((): number[] => [])
      const cpus = starts.map((): number[] => [])
      for (let round = -1; round < rounds; round++) {
        for (const [at, start] of starts.entries()) {
          const { ms, cpuMs } = await measureStart(start)
          // The first round only fills the file cache.
          if (round < 0) continue
          times[at]!.push(ms)
          cpus[at]!.push(cpuMs)
        }
        log(`round ${round + 1} of ${rounds}`)
      }
      const medians = times.map(median)
      const [bare, , hello] = medians as [number, number, number]
      return {
        columns: ['process', 'median ms', 'min ms', '× hello', '× bare', 'CPU ms'],
        rows: starts.map(({ name }, at) => [
          name,
          tenths(medians[at]!),
          tenths(Math.min(...times[at]!)),
          hundredths(medians[at]! / hello),
          hundredths(medians[at]! / bare),
          tenths(median(cpus[at]!)),
        ]),
        notes: [
          `hello: one line on the functions framework, bundled and minified by the same esbuild, started directly; goal: × hello at most 1.1`,
          `bare: one line on node:http, as CommonJS; goal: × bare at most 2. As an ES module, node:http also loads undici for its exports.`,
          `BASE=<another built checkout> also starts the functions of that checkout in the same run`,
          `CPU ms: CPU time of all threads until the response; on a busy machine, compare this column`,
          `an event: its type is not handled by the function, so the function reads, decodes, refuses and logs the event, without a database`,
        ],
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

const baselines = async (folder: string): Promise<Start[]> => {
  const path = (file: string) => join(folder, file)
  const listen = `createServer((_, response) => response.end('hello')).listen(Number(process.env.PORT), '127.0.0.1')`
  await writeFile(path('bare.cjs'), `const { createServer } = require('node:http')\n${listen}`)
  await writeFile(path('bare.mjs'), `import { createServer } from 'node:http'\n${listen}`)
  const options = { bundle: true, minify: true, platform: 'node', format: 'cjs', legalComments: 'none' } as const
  const entryPoints = [join(import.meta.dirname, 'hello.process.ts')]
  await build({ ...options, entryPoints, outfile: path('hello.cjs') })
  await mkdir(path('hello'))
  const cached = path('hello/hello.cjs')
  const banner = { js: '(function(exports,require,module,__filename,__dirname){' }
  await build({ ...options, entryPoints, outfile: cached, banner, footer: { js: '})' } })
  const failure = await warmUp('hello', cached)
  if (failure !== '') throw new Error(`the code cache of hello was not written: ${failure}`)
  await writeFile(path('hello.mjs'), loader('hello', 'hello'))
  const start = (name: string, file: string): Start => ({
    name,
    file: path(file),
    requestKind: 'health',
    env: variablesOf('hello'),
  })
  return [
    start('bare node:http', 'bare.cjs'),
    start('bare node:http, ES module', 'bare.mjs'),
    start('hello, bundled', 'hello.cjs'),
    start('hello, bundled, with our loader', 'hello.mjs'),
  ]
}

/** The time until the first response, and the CPU time of all threads until then, in milliseconds. */
export const measureStart = async ({ file, requestKind, env }: Start): Promise<{ ms: number; cpuMs: number }> => {
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, PORT: String(port), ...env },
    stdio: 'ignore',
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  try {
    while (!(await responds(port, requestKind))) {
      if (child.exitCode !== null) throw new Error(`${file} ended with exit code ${child.exitCode} before it answered`)
      await setTimeout(0.5)
    }
    return { ms: performance.now() - began, cpuMs: cpuMs(child.pid!) }
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

/**
 * CPU time of all threads of a process so far, in milliseconds; NaN without /proc. Other load on the machine does not
 * change this time.
 */
const cpuMs = (pid: number) => {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return Number.NaN
  const nanoseconds = readdirSync(tasks).map(task => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // The thread has ended since its folder was listed.
      return 0
    }
  })
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6
}

const event = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/bench', 'ce-type': 'dev.vigia.bench.started' }

const responds = (port: number, requestKind: Start['requestKind']) =>
  new Promise<boolean>(resolve => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      agent: false,
      ...(requestKind === 'health'
        ? { path: '/healthz' }
        : { method: 'POST', path: '/', headers: { ...event, 'content-type': 'application/json' } }),
    })
    outgoing.once('response', response => {
      response.resume()
      resolve(true)
    })
    outgoing.once('error', () => resolve(false))
    outgoing.end(requestKind === 'health' ? undefined : '{}')
  })

export const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
const tenths = (value: number) => Math.round(value * 10) / 10
const hundredths = (value: number) => Math.round(value * 100) / 100
