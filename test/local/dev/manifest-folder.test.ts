import { cpSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { devLoop } from '#local/dev/loop.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'

let manifestRoot: string
let said: string[]
let stop: () => void
beforeEach(() => {
  const checkout = folder()
  for (const name of ['functions', 'events', 'infra/database', 'knative', 'triggers'])
    mkdirSync(join(checkout, name), { recursive: true })
  manifestRoot = folder()
  for (const name of ['knative', 'triggers']) cpSync(join(root, name), join(manifestRoot, name), { recursive: true })
  said = []
  const say = (line: string) => void said.push(line)
  stop = devLoop({
    root: checkout,
    manifestRoot,
    manifests: readManifests(manifestFiles(manifestRoot)),
    terminal: { say, warn: say },
    rebuild: async () => ({ changed: [], faults: [] }),
    restart: async () => {},
    apply: async () => {},
  })
})
afterEach(() => stop())

const waitFor = (line: string) => until(() => said.includes(line), { what: () => `${line} in:\n${said.join('\n')}` })
const service = 'knative/services/notification-fanout.yaml'
const trigger = 'triggers/notification-fanout.yaml'
const takeAway = (file: string) => renameSync(join(manifestRoot, file), join(manifestRoot, `${file}.away`))
const putBack = (file: string) => renameSync(join(manifestRoot, `${file}.away`), join(manifestRoot, file))

test('npm run dev watches the manifests in the folder of VIGIA_MANIFESTS', async () => {
  takeAway(trigger)
  await waitFor('  ↻ Triggers: restarted with the new manifests')
})

test('a function without a manifest is reported as removed, and a function with a new manifest as added', async () => {
  for (const file of [trigger, service]) takeAway(file)
  await waitFor('  ↻ notification-fanout: removed')
  putBack(service)
  await waitFor('  ↻ notification-fanout: added')
  expect(said.filter(line => line.includes('restarted')).join()).not.toContain('notification-fanout')
})
