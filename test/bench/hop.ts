import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { build } from 'esbuild'
import { bundle } from '#infra/delivery/bundle.ts'
import { freePort } from '#infra/net/free-port.ts'
import type { Bench } from './bench.ts'
import { ownCpuUs } from './support/processes.ts'

const warmUps = 2_000
const rounds = 5
const perRound = 2_000
const concurrency = 8

/** A server to measure, and the event that it receives. */
interface Case {
  name: string
  file: string
  headers: Record<string, string>
  body: string
}

export const bench: Bench = {
  title: `one event through a function: CPU time of the function's process per event with ${concurrency} events in flight, and the time of a single event`,
  run: async log => {
    const folder = await mkdtemp(join(tmpdir(), 'vigia-hop-'))
    const sink = createServer((request, response) => request.resume().once('end', () => response.writeHead(202).end()))
    sink.listen(0, '127.0.0.1')
    await once(sink, 'listening')
    const running: Awaited<ReturnType<typeof start>>[] = []
    try {
      const { port } = sink.address() as AddressInfo
      for (const one of await prepareCases(folder))
        running.push(await start(one, `http://127.0.0.1:${port}/vigia/default`))
      for (const one of running) await one.send(warmUps, concurrency)
      const results = running.map(() => ({ cpu: [] as number[], singleMs: [] as number[] }))
      for (let round = 0; round < rounds; round++) {
        for (const [at, one] of running.entries()) {
          const before = one.cpuUs()
          await one.send(perRound, concurrency)
          results[at]!.cpu.push((one.cpuUs() - before) / perRound)
          results[at]!.singleMs.push((await one.send(perRound / 4, 1)) / (perRound / 4))
        }
        log(`round ${round + 1} of ${rounds}`)
      }
      const [bare] = results.map(({ cpu }) => median(cpu))
      return {
        columns: ['server', 'CPU µs per event', '× bare', 'single event ms'],
        rows: running.map(({ name }, at) => [
          name,
          Math.round(median(results[at]!.cpu)),
          Math.round((median(results[at]!.cpu) / bare!) * 100) / 100,
          Math.round(median(results[at]!.singleMs) * 1000) / 1000,
        ]),
      }
    } finally {
      for (const one of running) await one.stop()
      sink.close()
      sink.closeAllConnections()
      await rm(folder, { recursive: true })
    }
  },
}

const attributes = {
  'ce-specversion': '1.0',
  'ce-id': 'bench/1',
  'ce-source': '/functions/bench',
  'ce-time': '2026-11-21T12:00:00Z',
}
const data = JSON.stringify({ chatId: 7, showId: 82, followedAt: '2026-11-21T12:00:00Z' })

const prepareCases = async (folder: string): Promise<Case[]> => {
  const path = (file: string) => join(folder, file)
  await writeFile(
    path('bare.cjs'),
    `const { createServer } = require('node:http')
createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', chunk => (text += chunk)).on('end', () => {
    JSON.parse(text)
    response.writeHead(204).end()
  })
}).listen(Number(process.env.PORT), '127.0.0.1')`,
  )
  await build({
    entryPoints: [join(import.meta.dirname, 'hello.process.ts')],
    outfile: path('hello.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const { code } = await bundle(join(import.meta.dirname, 'hop.process.ts'), 'hop')
  await writeFile(path('hop.cjs'), `${code.trim()}(exports, require, module, __filename, __dirname)`)
  const headers = (type: string) => ({
    ...attributes,
    'ce-type': type,
    'ce-subject': 'show/82',
    'content-type': 'application/json',
  })
  const caseOf = (name: string, file: string, type: string): Case => ({
    name,
    file: path(file),
    headers: headers(type),
    body: data,
  })
  return [
    caseOf('bare node:http, parses JSON', 'bare.cjs', 'dev.vigia.series.followed'),
    caseOf('hello on the functions framework', 'hello.cjs', 'dev.vigia.series.followed'),
    caseOf('a function whose rule does nothing', 'hop.cjs', 'dev.knative.sources.ping'),
    caseOf('a function whose rule publishes one event', 'hop.cjs', 'dev.vigia.series.followed'),
  ]
}

const start = async ({ name, file, headers, body }: Case, sinkUrl: string) => {
  const port = await freePort()
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, PORT: String(port), HOST: '127.0.0.1', K_SINK: sinkUrl },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const agent = new Agent({ keepAlive: true })
  const post = () =>
    new Promise<void>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        agent,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
      }
      const posting = request(options, response => {
        if (response.statusCode! >= 300) reject(new Error(`${name} answered ${response.statusCode}`))
        response.resume().once('end', resolve)
      })
      posting.once('error', reject).end(body)
    })
  while (
    !(await post().then(
      () => true,
      () => setTimeout(5, false),
    ))
  );
  return {
    name,
    /** Sends `count` events, with up to `inFlight` requests in flight, and returns the total time in milliseconds. */
    send: async (count: number, inFlight: number) => {
      const began = performance.now()
      let left = count
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (left-- > 0) await post()
        }),
      )
      return performance.now() - began
    },
    cpuUs: () => ownCpuUs(child.pid!),
    stop: async () => {
      agent.destroy()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
