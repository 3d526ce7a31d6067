import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { freePort } from '#infra/net/free-port.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'

/** The path of Gatus if it is installed. `GATUS=no` leaves it out. */
export const gatusProgram = (): string | undefined => {
  if (process.env.GATUS === 'no') return undefined
  try {
    return execFileSync('which', ['gatus'], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/** How long Gatus takes until all endpoints run, because it starts their checks 222 ms apart. */
export const gatusRampS = (endpoints: number): number => Math.ceil(endpoints * 0.222) + 5

export interface GatusOptions {
  urls: readonly string[]
  intervalS: number
  timeoutMs: number
  /** The file with the certificate of an authority that Gatus trusts besides the usual ones. */
  authority: string
}

/** Starts Gatus with sqlite. */
export const startGatus = async (program: string, { urls, intervalS, timeoutMs, authority }: GatusOptions) => {
  const folder = temporaryFolder()
  const endpoints = urls.map(
    (url, index) => `
  - name: m${index + 1}
    group: bench
    url: "${url}"
    interval: ${intervalS}s
    client: {timeout: ${timeoutMs}ms, ignore-redirect: true}
    conditions: ["[STATUS] == 200"]`,
  )
  const authorities = join(folder, 'authorities.pem')
  // As many authorities as Node.js trusts.
  await writeFile(authorities, [...rootCertificates, readFileSync(authority, 'utf8')].join('\n'))
  const port = await freePort()
  await writeFile(
    join(folder, 'config.yaml'),
    `web: {address: 127.0.0.1, port: ${port}}
concurrency: 50
storage: {type: sqlite, path: ${join(folder, 'bench.db')}}
endpoints:${endpoints.join('')}
`,
  )
  const child = spawn(program, {
    env: {
      ...{ GATUS_CONFIG_PATH: join(folder, 'config.yaml'), GATUS_LOG_LEVEL: 'WARN', SSL_CERT_FILE: authorities },
      PATH: process.env.PATH,
    },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  return {
    pid: child.pid!,
    port,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
