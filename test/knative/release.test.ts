import { beforeAll, describe, expect, test } from 'vitest'
import { packageVersion } from '#infra/delivery/package-version.ts'
import { functionNames } from '#infra/repository.ts'
import { waitForReply } from '#test/support/journey.ts'
import { type JourneyTarget, reportAnOutageOnce } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'
import { vigiaInstalled } from './cluster/installed.ts'
import { deadLettersSince, knativeTarget } from './cluster/journey-target.ts'
import { kubectl, list } from './cluster/kubectl.ts'
import { nextVersion } from './cluster/layout.ts'
import { runSmokeJob } from './cluster/smoke.ts'
import type { Installation } from './cluster/vigia.ts'

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)('a release on Knative', () => {
  let target: JourneyTarget
  let vigia: Installation
  beforeAll(async () => {
    target = await knativeTarget()
    vigia = (await vigiaInstalled()).vigia
  })

  test('the smoke Job passes after the installation', async () => {
    expect(await runSmokeJob(packageVersion())).toContain(`all run ${packageVersion()}`)
  })

  test.each([
    ['an upgrade', nextVersion],
    ['a rollback', packageVersion()],
  ])('during %s, each command is answered once and an outage is reported once', async (what, version) => {
    const start = new Date().toISOString()
    await vigia.setVersion(version)
    let isDone = false
    const release = vigia.run().finally(() => {
      isDone = true
    })
    const answered = async () => {
      const person = target.telegram.user(`Teresa ${what}`, { language: 'pt-br' })
      person.send('/start')
      await waitForReply(person, /Vigia/)
      const welcomes = person.answers().length
      let commands = 0
      while (!isDone) {
        person.send('/ajuda')
        commands++
        await until(() => person.answers().length >= welcomes + commands, {
          what: `the answer to command ${commands} during ${what}`,
          timeoutMs: 60_000,
        })
      }
      return { person, expected: welcomes + commands }
    }
    const [traffic] = await Promise.all([
      answered(),
      reportAnOutageOnce(target, `Nina ${what}`, { path: `/${version}`, timeoutMs: 180_000 }),
      release,
    ])
    await target.settled()
    expect(traffic.person.answers()).toHaveLength(traffic.expected)
    const services = await list('services.serving.knative.dev', 'vigia')
    const images = services.map(({ spec }) => spec.template.spec.containers[0].image)
    expect(images).toEqual(functionNames().map(() => `dev.local/vigia:${version}`))
    expect(await runSmokeJob(version)).toContain(`all run ${version}`)
    expect(await deadLettersSince(start)).toBe('')
    await kubectl(['wait', 'ksvc', '--all', '--namespace=vigia', '--for=condition=Ready', '--timeout=60s'])
  })
})
