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

/** node warm-up.process.ts <bundle> <cache>: runs the bundle as its loader does, sends it what it is made for, and writes V8's code cache. */
const [filename, cache] = process.argv.slice(2) as [string, string]

// Create needs a default to make a sample of a pattern, and the exported schemas have none.
Object.assign(Instant, { default: '1970-01-01T00:00:00Z' })

/** How often is asked whether the function is up. A count and no time: on a busy machine every step takes longer. */
const mostTries = 5_000
/** A rule that waits for something out of reach is not waited for: the process used so little CPU at so many looks. */
const lookEveryMs = 250
const quietLooks = 4
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

let tries = 0
while (
  !(await ask('GET', '/healthz').then(
    () => true,
    () => setTimeout(5, false),
  ))
)
  if (++tries === mostTries) throw new Error(`it did not answer GET /healthz in ${mostTries} tries`)

/** Resolves when the process has had nothing to do for a second. */
const quiet = async () => {
  for (let calm = 0; calm < quietLooks; ) {
    const before = process.cpuUsage()
    await setTimeout(lookEveryMs)
    const { user, system } = process.cpuUsage(before)
    calm = (user + system) / 1000 < quietCpuMs ? calm + 1 : 0
  }
}

const event = (type: string, data: unknown, path = '/') => {
  const attributes = { 'ce-specversion': '1.0', 'ce-id': 'warm-up', 'ce-source': '/warm-up', 'ce-subject': 'warm-up/1' }
  return ask('POST', path, { ...attributes, 'ce-type': type, 'content-type': 'application/json' }, JSON.stringify(data))
}

// What is heard is handled, with data that is right and with data that is not; everything else is refused.
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
