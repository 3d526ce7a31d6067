import { writeFileSync } from 'node:fs'
import { dumpKuma } from '#test/cli/import/peers/kuma-dump.ts'
import { startPeerServers } from '#test/cli/import/peers/servers.ts'
import { runGatus } from './run-gatus.ts'
import { runKuma } from './run-kuma.ts'

/**
 * Runs Gatus and Uptime Kuma, or one of them, and records in test/cli/import/peers what they say about the servers, and
 * Kuma's database: `GATUS=<program> UPTIME_KUMA=<checkout> node test/cluster/peers/record-verdicts.ts`
 */
const { GATUS = '', UPTIME_KUMA = '' } = process.env
const folder = new URL('../../cli/import/peers/', import.meta.url)
const write = (name: string, value: unknown) =>
  writeFileSync(new URL(name, folder), `${JSON.stringify(value, null, 2)}\n`)

await using servers = await startPeerServers()
if (GATUS) write('gatus-verdicts.json', await runGatus(GATUS, servers.ports))
if (UPTIME_KUMA)
  await runKuma(UPTIME_KUMA, servers.ports, (database, verdicts) => {
    write('kuma-verdicts.json', verdicts)
    write('kuma-database.json', dumpKuma(database, servers.ports))
  })
