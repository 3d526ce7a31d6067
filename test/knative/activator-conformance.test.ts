import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functions, gated, type Limits, scenarios, statusOf } from '#test/support/activator-conformance/scenarios.ts'
import { until } from '#test/support/until.ts'
import { activatorDifferences } from './activator-differences.ts'
import { startBehavingServices } from './cluster/behaving-services.ts'

/** Two different timeouts, which only Knative supports: the manifest reader of one machine refuses them. */
const early: Limits = { containerConcurrency: 0, timeoutSeconds: 60, responseStartTimeoutSeconds: 2 }

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)("the local activator's scenarios on Knative", () => {
  let services: Awaited<ReturnType<typeof startBehavingServices>>
  beforeAll(async () => {
    services = await startBehavingServices('activation', { ...functions, early })
  })
  afterAll(async () => {
    await services?.remove()
  })

  test.each(scenarios)('$title', async scenario => {
    const difference = activatorDifferences[scenario.title]
    const outcome = await scenario.run(services.functionOf(scenario.function))
    expect(outcome).toEqual(difference ? difference.knative : scenario.outcome)
  })

  test('responseStartTimeoutSeconds limits the time until the first byte of a response, and not a response that has begun', async () => {
    const one = services.functionOf('early')
    const begun = gated(one, 'drip')
    const answer = one.send(begun.request)
    await until(() => begun.inside() === 1, { what: 'the request', timeoutMs: 60_000 })
    const silent = gated(one)
    expect(await statusOf(one.send(silent.request))).toBe(504)
    silent.open()
    begun.open()
    expect(await answer).toMatchObject({ status: 200, body: 'first last' })
  })
})

test('each listed difference names one scenario and has another outcome', () => {
  for (const [title, { knative }] of Object.entries(activatorDifferences)) {
    const found = scenarios.filter(scenario => scenario.title === title)
    expect(found.length, title).toBe(1)
    expect(knative, title).not.toEqual(found[0]!.outcome)
  }
})
