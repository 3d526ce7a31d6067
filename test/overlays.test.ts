import { expect, test } from 'vitest'
import { overlays, rendered } from '#test/support/overlays.ts'

test.each(overlays)('%s renders', async overlay => {
  const kinds = new Set((await rendered(overlay)).map(({ kind }) => kind))
  expect([...kinds]).toEqual(expect.arrayContaining(['Namespace', 'Service', 'Broker', 'Trigger', 'PingSource', 'Job']))
})
