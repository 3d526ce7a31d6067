import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { deliveryModes, type Journey, startJourney, waitForReply } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'

describe.each(deliveryModes)('a report, with every event %s', (_, twice) => {
  let journey: Journey
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase()
    journey = await startJourney({ twice, env: { DATABASE_URL: database.url } })
  })
  afterAll(async () => {
    await journey?.stop()
    await database?.end()
  })

  test('that a person asks for arrives once, as a picture with the uptime of their monitor in its text', async () => {
    const { telegram, sites, sitesUrl } = journey
    sites.set('/saude', { kind: 'switch', on: true })
    const ana = telegram.user('Ana Relatório', { language: 'pt-br' })
    ana.send('/start')
    await waitForReply(ana, /Vigia/)
    ana.send(`/monitorar ${sitesUrl}/saude 10s`)
    await waitForReply(ana, /está no ar/)
    // At once: the only check so far is the one that was just announced.
    ana.send('/relatorio')
    await waitForReply(ana, /Estou preparando/)
    await waitForReply(ana, /Últimas 24 horas/)
    await journey.settled()
    const photos = ana.answers().filter(({ photo }) => photo !== null)
    expect(photos).toHaveLength(1)
    expect(photos[0]!.text).toContain('100% no ar · 1 monitor\nnenhuma queda')
    expect(photos[0]!.photoSize).toEqual({ width: 720, height: expect.any(Number) })
    expect(ana.picture(photos[0]!.id)!.length).toBeLessThanOrEqual(20_000)
  })

  test('is due every day at the hour that a person chose, and the ticks of that day send it once', async () => {
    const { telegram } = journey
    const bob = telegram.user('Bob Report', { language: 'en' })
    bob.send('/start')
    await waitForReply(bob, /Vigia/)
    bob.send('/timezone UTC')
    await waitForReply(bob, /UTC/)
    bob.send('/monitor example.org 1h')
    await waitForReply(bob, /example\.org/)
    bob.send('/report daily 8am')
    await waitForReply(bob, /every day at 8 AM/)
    // The reports of the day before yesterday and of yesterday were missed.
    await database.db.query(
      `update report_setting set done_until = now() - interval '50 hours' where chat_id = ${bob.chatId}`,
    )
    await journey.fire('reporter')
    await until(() => bob.answers().some(({ text }) => /Daily report/.test(text)), {
      what: 'the report',
      timeoutMs: 60_000,
    })
    await journey.fire('reporter')
    await journey.settled()
    expect(bob.answers().filter(({ text }) => /Daily report/.test(text))).toHaveLength(1)
  })
})
