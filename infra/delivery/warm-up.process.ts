import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Script } from 'node:vm'
import { Create } from 'typebox/value'
import { allEvents } from '#events/all.ts'
import { Instant } from '#events/fields.ts'
import { freePort } from '#infra/net/free-port.ts'

/**
 * node warm-up.process.ts <bundle> <cache>: runs the bundle as its loader does, sends it events, and writes V8's code
 * cache.
 */
const [filename, cache] = process.argv.slice(2) as [string, string]

// Create() needs a default value for a string with a pattern, and the exported schemas have none.
Object.assign(Instant, { default: '1970-01-01T00:00:00Z' })

/** How many times to ask whether the function is up. It is a count and not a time, because a busy machine is slower. */
const maxAttempts = 5_000
/**
 * A rule may wait for an unreachable server. So the warm-up also ends after `quietSamples` samples in a row in which
 * the process used less than `quietCpuMs` of CPU.
 */
const sampleEveryMs = 250
const quietSamples = 4
const quietCpuMs = 5

const port = await freePort()
process.env.PORT = String(port)
const script = new Script(readFileSync(filename, 'utf8'), { filename })
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename))

const ask = (method: string, path: string, headers: Record<string, string> = {}, body = '') =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, method, path, headers }, response => response.resume().once('end', resolve))
      .once('error', reject)
      .end(body)
  })

let attempts = 0
while (
  !(await ask('GET', '/healthz').then(
    () => true,
    () => setTimeout(5, false),
  ))
)
  if (++attempts === maxAttempts) throw new Error(`the function did not answer GET /healthz in ${maxAttempts} attempts`)

/** Resolves when the process has been idle for a second. */
const quiet = async () => {
  for (let calm = 0; calm < quietSamples; ) {
    const before = process.cpuUsage()
    await setTimeout(sampleEveryMs)
    const { user, system } = process.cpuUsage(before)
    calm = (user + system) / 1000 < quietCpuMs ? calm + 1 : 0
  }
}

const event = (type: string, data: unknown, path = '/') => {
  const attributes = { 'ce-specversion': '1.0', 'ce-id': 'warm-up', 'ce-source': '/warm-up', 'ce-subject': 'warm-up/1' }
  return ask('POST', path, { ...attributes, 'ce-type': type, 'content-type': 'application/json' }, JSON.stringify(data))
}

// The function handles its own events, with valid and with invalid data, and refuses all others.
await event('dev.vigia.warm.up', {})
await Promise.race([
  Promise.allSettled([
    ...allEvents.map(({ type, schema }) => event(type, Create(schema))),
    ...allEvents.map(({ type }) => event(type, null)),
    event('dev.vigia.warm.up', {}, '/dead/warm-up'),
    ask('POST', '/', { 'content-type': 'application/json' }, '{}'),
  ]),
  quiet(),
])
writeFileSync(cache, script.createCachedData())
process.exit(0)
