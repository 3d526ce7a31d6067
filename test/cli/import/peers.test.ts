import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importKuma } from '#infra/cli/import/kuma.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { importGatusFile } from './peers/gatus-file.ts'
import recordedGatus from './peers/gatus-verdicts.json' with { type: 'json' }
import recordedDump from './peers/kuma-database.json' with { type: 'json' }
import { type KumaDump, writeKumaDump } from './peers/kuma-dump.ts'
import recordedKuma from './peers/kuma-verdicts.json' with { type: 'json' }
import { type PeerServers, startPeerServers } from './peers/servers.ts'
import { vigiaVerdicts } from './peers/vigia-verdicts.ts'

const readme = readFileSync(new URL('peers/README.md', import.meta.url), 'utf8')

/** The differences that the README explains: monitor, verdict of the program, verdict of Vigia. */
const explained = (program: string) => {
  const section = readme.split(/^## /m).find(text => text.startsWith(program)) ?? ''
  return section
    .split('\n')
    .filter(line => /^\| (?!monitor|---)/.test(line))
    .map(line => line.split('|').map(cell => cell.trim()))
    .map(([, monitor, verdict, vigia, why]) => {
      expect(why, monitor).not.toBe('')
      return [monitor, verdict, vigia]
    })
}

const differences = (program: Readonly<Record<string, string>>, vigia: Readonly<Record<string, string>>) =>
  Object.entries(program).flatMap(([name, verdict]) => {
    const own = vigia[name] ?? 'not imported'
    return own === verdict ? [] : [[name, verdict, own]]
  })

let servers: PeerServers
beforeAll(async () => {
  servers = await startPeerServers()
})
afterAll(() => servers?.[Symbol.asyncDispose]())

describe('after the import, Vigia says about each simulated server what the other program says', () => {
  test('Gatus, with the differences that the README explains', async () => {
    const { verdicts } = await vigiaVerdicts(importGatusFile(servers.ports))
    expect(differences(recordedGatus, verdicts)).toEqual(explained('Gatus'))
  }, 60_000)

  test('Uptime Kuma, with the differences that the README explains', async () => {
    const path = join(folder(), 'kuma.db')
    writeKumaDump(path, recordedDump as unknown as KumaDump, servers.ports)
    const { verdicts } = await vigiaVerdicts(importKuma(path))
    expect(differences(recordedKuma, verdicts)).toEqual(explained('Uptime Kuma'))
  }, 60_000)
})
