import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Journey, startJourney, waitForReply } from '#test/support/journey.ts'
import { functionLogs } from '#test/support/log-lines.ts'
import { startOtlpReceiver } from '#test/support/otlp-receiver.ts'
import { until } from '#test/support/until.ts'

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>
let journey: Journey
beforeAll(async () => {
  receiver = await startOtlpReceiver()
  journey = await startJourney({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } })
})
afterAll(async () => {
  await journey?.stop()
  await receiver?.stop()
})

test('one trace leads from the webhook through the broker and the functions to the call to Telegram', async () => {
  const { telegram, sites, vigia } = journey
  sites.set('/loja', { kind: 'switch', on: true })
  const ana = telegram.user('Ana', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  ana.send(`/monitorar ${journey.sitesUrl}/loja`)
  await waitForReply(ana, /está no ar/)
  await journey.settled()

  const line = () =>
    functionLogs(vigia.dataDir).find(
      one => one['service.name'] === 'telegram-notifier' && one['event.type'] === 'dev.vigia.message.requested',
    )
  const trace = await until(() => line()?.['trace.id'], { what: 'the line about the message', timeoutMs: 45_000 })
  const spansOfTrace = () => receiver.spans.filter(({ traceId }) => traceId === trace)
  const webhook = await until(
    () => spansOfTrace().find(({ service, kind }) => service === 'telegram-webhook' && kind === 2),
    {
      what: 'the span of the webhook',
      timeoutMs: 60_000,
    },
  )
  expect(webhook).not.toHaveProperty('parentSpanId')

  // Each span's parent leads to the webhook.
  const call = await until(
    () => spansOfTrace().find(({ service, name }) => service === 'telegram-notifier' && name === 'POST sendMessage'),
    {
      what: 'the span of the call to Telegram',
      timeoutMs: 60_000,
    },
  ).catch(error => {
    throw new Error(
      `${error.message}; the trace has ${spansOfTrace().map(({ service, name }) => `${service}: ${name}`)}`,
    )
  })
  const path = [call]
  while (path.at(-1)!.parentSpanId !== undefined) {
    const next = await until(() => spansOfTrace().find(({ spanId }) => spanId === path.at(-1)!.parentSpanId), {
      what: `the parent of ${path.at(-1)!.name}`,
      timeoutMs: 60_000,
    })
    path.push(next)
  }
  expect(path.map(({ service }) => service)).toEqual([
    'telegram-notifier',
    'telegram-notifier',
    'notification-fanout',
    'uptime-prober',
    'telegram-webhook',
  ])
  // Checks make no spans: their number would hide everything else.
  expect(receiver.spans.filter(({ attributes }) => attributes['url.full']?.includes('/loja'))).toEqual([])
})
