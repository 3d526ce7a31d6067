import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importKuma } from '#infra/cli/import/kuma.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import recordedGatus from '#test/cli/import/peers/gatus-verdicts.json' with { type: 'json' }
import recordedDump from '#test/cli/import/peers/kuma-database.json' with { type: 'json' }
import { type KumaDump, writeKumaDump } from '#test/cli/import/peers/kuma-dump.ts'
import recordedKuma from '#test/cli/import/peers/kuma-verdicts.json' with { type: 'json' }
import { startPeerServers } from '#test/cli/import/peers/servers.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { runGatus } from './peers/run-gatus.ts'
import { runKuma } from './peers/run-kuma.ts'

// test/cli/import/peers.test.ts compares Vigia with what is recorded. Here the programs themselves confirm the record.

const whyNoGatus = onPath('gatus') ? '' : ' (skipped: gatus is not on PATH)'

test.skipIf(whyNoGatus)(`Gatus says about each server what is recorded${whyNoGatus}`, async () => {
  await using servers = await startPeerServers()
  expect(await runGatus('gatus', servers.ports)).toEqual(recordedGatus)
})

const checkout = process.env.UPTIME_KUMA ?? ''
const whyNoKuma = existsSync(join(checkout, 'server/server.js'))
  ? ''
  : ' (skipped: UPTIME_KUMA is not the folder of an installed Uptime Kuma)'

test.skipIf(whyNoKuma)(
  `Uptime Kuma says about each server what is recorded, and its database is imported like the recorded one${whyNoKuma}`,
  async () => {
    await using servers = await startPeerServers()
    const recorded = join(folder(), 'kuma.db')
    writeKumaDump(recorded, recordedDump as unknown as KumaDump, servers.ports)
    await runKuma(checkout, servers.ports, (database, verdicts) => {
      expect(verdicts).toEqual(recordedKuma)
      expect(importKuma(database)).toEqual(importKuma(recorded))
    })
  },
)
