import { beforeAll, describe, expect, test } from 'vitest'
import { repliesMatching, waitForReply } from '#test/support/journey.ts'
import type { JourneyTarget } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'
import { forgetInstallation, vigiaInstalled } from './cluster/installed.ts'
import { knativeTarget } from './cluster/journey-target.ts'
import { kubectl, list } from './cluster/kubectl.ts'
import type { Installation } from './cluster/vigia.ts'

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)('terminate.sh on Knative', () => {
  let target: JourneyTarget
  let vigia: Installation
  beforeAll(async () => {
    target = await knativeTarget()
    vigia = (await vigiaInstalled()).vigia
  })

  test('it removes everything but the volumes, and the next run.sh continues with the data', async () => {
    const person = target.telegram.user('Zélia', { language: 'pt-br' })
    person.send('/start')
    await waitForReply(person, /Vigia/)
    target.sites.set('/fica', { kind: 'switch', on: true })
    person.send(`/monitorar ${target.sitesUrl}/fica 10s`)
    await waitForReply(person, /está no ar/)

    await vigia.terminate()
    forgetInstallation()
    for (const kind of ['ksvc', 'triggers.eventing.knative.dev', 'pingsources', 'brokers', 'statefulsets', 'pods'])
      expect(await list(kind, 'vigia'), kind).toEqual([])
    const claims = await list('persistentvolumeclaims', 'vigia')
    expect(claims.map(({ metadata }) => metadata.name)).toEqual(['data-mongodb-0', 'data-postgres-0'])

    await vigiaInstalled()
    person.send('/monitores')
    await waitForReply(person, /fica/)
    const checks = target.sites.hits('/fica').length
    await until(() => target.sites.hits('/fica').length > checks, { what: 'the next check', timeoutMs: 60_000 })
    expect(repliesMatching(person, /saiu do ar|voltou ao ar/)).toEqual([])
  })

  test('--purge removes the volumes and the namespace too', async () => {
    await vigia.terminate('--context', 'knative', '--purge')
    forgetInstallation()
    const namespaces = (JSON.parse(await kubectl(['get', 'namespaces', '--output=json'])) as { items: unknown[] }).items
    expect(namespaces).not.toContainEqual(
      expect.objectContaining({ metadata: expect.objectContaining({ name: 'vigia' }) }),
    )
    expect((await list('persistentvolumeclaims')).map(({ metadata }) => metadata.namespace)).not.toContain('vigia')
  })
})
