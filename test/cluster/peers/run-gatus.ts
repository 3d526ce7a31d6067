import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { freePort } from '#infra/net/free-port.ts'
import certificates from '#test/cli/import/peers/certificates.json' with { type: 'json' }
import { gatusFile } from '#test/cli/import/peers/gatus-file.ts'
import type { Verdict } from '#test/cli/import/peers/vigia-verdicts.ts'
import { until } from '#test/support/until.ts'
import { supervise } from '../support/supervised-programs.ts'

interface EndpointStatus {
  name: string
  results: { success: boolean }[]
}

/** Runs Gatus with gatus.yaml until it has checked every endpoint. Returns what it says about each of them. */
export const runGatus = async (
  program: string,
  ports: Readonly<Record<string, string>>,
): Promise<Record<string, Verdict>> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-gatus-'))
  const port = await freePort()
  const authority = join(folder, 'authority.pem')
  await writeFile(authority, certificates.authority)
  const log = join(folder, 'gatus.log')
  const { endpoints } = parse(await readFile(gatusFile, 'utf8'), { merge: true, maxAliasCount: 10_000 }) as {
    endpoints: { name: string; enabled?: boolean }[]
  }
  const names = endpoints.filter(({ enabled }) => enabled !== false).map(({ name }) => name)
  const gatus = await supervise({
    folder,
    programs: [
      {
        file: program,
        args: [],
        log,
        env: {
          ...ports,
          // The authority of the test servers is the only one that Gatus trusts.
          ...{ SSL_CERT_FILE: authority, SSL_CERT_DIR: folder, GATUS_FOLDER: folder, GATUS_CONFIG_PATH: gatusFile },
          ...{ GATUS_PORT: String(port), HOOK_PORT: ports.OK!, GATUS_LOG_LEVEL: 'WARN' },
        },
      },
    ],
  })
  try {
    let missing = names
    const results = await until(
      async () => {
        if (!gatus.running()) return new Map<string, boolean>()
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/endpoints/statuses`)
        const found = (await response.json()) as EndpointStatus[]
        // An endpoint appears with its first result.
        const last = new Map(found.map(({ name, results }) => [name, results.at(-1)?.success]))
        missing = names.filter(name => last.get(name) === undefined)
        return missing.length === 0 ? last : undefined
      },
      { what: () => `Gatus to check ${missing.join(', ')}`, timeoutMs: 120_000 },
    )
    if (!gatus.running()) throw new Error(`Gatus ended: ${await readFile(log, 'utf8')}`)
    return Object.fromEntries(names.map(name => [name, results.get(name) ? 'up' : 'down']))
  } finally {
    await gatus.stop()
  }
}
