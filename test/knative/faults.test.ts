import { beforeAll, describe, expect, test } from 'vitest'
import { repliesMatching, waitForReply } from '#test/support/journey.ts'
import { type JourneyTarget, reportAnOutageOnce } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'
import { deadLettersSince, knativeTarget } from './cluster/journey-target.ts'
import { kubectl } from './cluster/kubectl.ts'
import { podsOf } from './cluster/pods.ts'
import { pidOf } from './cluster/program.ts'

/** Deletes the pods of a function. Kubernetes sends SIGTERM and lets them finish. */
const deletePods = async (name: string): Promise<void> => {
  const pods = await podsOf(name)
  expect(pods, `pods of ${name}`).not.toEqual([])
  const names = pods.map(({ metadata }) => metadata.name)
  await kubectl(['delete', 'pod', '--namespace=vigia', '--wait=false', ...names])
}

describe.skipIf(process.env.VIGIA_KNATIVE_SKIP)('on Knative, while parts fail', () => {
  let target: JourneyTarget
  let start: string
  beforeAll(async () => {
    target = await knativeTarget()
    start = new Date().toISOString()
  })

  test('a reply is sent once although the pod of telegram-webhook is deleted while it answers an update', async () => {
    const { telegram, tvmaze } = target
    tvmaze.addShow({ name: 'Série Interrompida', on: { us: 'Meridian' } })
    const person = telegram.user('Rui', { language: 'pt-br' })
    person.send('/start')
    await waitForReply(person, /Vigia/)
    const calls = telegram.calls('sendMessage').length
    // Telegram takes so long to answer that the pod is deleted in the meantime.
    telegram.failNext('sendMessage', { delayMs: 5_000, chatId: person.chatId })
    person.send('Série Interrompida')
    await until(() => telegram.pending().length > 0 || telegram.calls('sendMessage').length > calls, {
      what: 'the update to reach the function',
    })
    await deletePods('telegram-webhook')
    await waitForReply(person, /Série Interrompida/)
    await target.settled()
    expect(repliesMatching(person, /Série Interrompida/)).toHaveLength(1)
  })

  test('an outage is reported once although the pod of uptime-prober is deleted during the checks', async () => {
    await reportAnOutageOnce(target, 'Iara', {
      path: '/prober',
      whileFailing: () => deletePods('uptime-prober'),
      timeoutMs: 120_000,
    })
  })

  test("an outage is reported once although the broker's dispatcher is killed with the events that it holds", async () => {
    await reportAnOutageOnce(target, 'Davi', {
      path: '/dispatcher',
      whileFailing: () =>
        kubectl([
          ...['delete', 'pod', '--namespace=knative-eventing', '--grace-period=0', '--force'],
          '--selector=messaging.knative.dev/channel=in-memory-channel,messaging.knative.dev/role=dispatcher',
        ]),
      timeoutMs: 180_000,
    })
  })

  test('an outage is reported once although the kubelet stands still for 60 seconds', async () => {
    const pid = await pidOf('kubelet')
    try {
      await reportAnOutageOnce(target, 'Lia', {
        path: '/kubelet',
        whileFailing: async () => {
          process.kill(pid, 'SIGSTOP')
          const start = performance.now()
          await until(() => performance.now() - start > 60_000, { what: '60 seconds', timeoutMs: 70_000 })
          process.kill(pid, 'SIGCONT')
        },
        timeoutMs: 180_000,
      })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  test('no event became a dead letter', async () => {
    expect(await deadLettersSince(start)).toBe('')
  })
})
