import { describe, expect, test } from 'vitest'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { addMonitor, chatId, noon, proberDatabase, storedResults } from './database.ts'
import { checkOf, ids, request, responded, startProber } from './support.ts'

const database = proberDatabase()

describe('a person who requests a check', () => {
  test('gets the answer, and the same answer at a redelivery', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(200))
    const event = request([checkOf(site, noon)], 'now')
    await prober.run(event)
    await prober.time.pass(5_000)
    await prober.run(event)
    expect(ids(prober.published)).toEqual([
      `${event.id}/probe.finished/${site.id}`,
      `${event.id}/probe.finished/${site.id}`,
    ])
    expect(prober.published[0]).toMatchObject({
      subject: `monitor/${site.id}`,
      data: { name: 'site.test', chatId, reason: 'now', ok: true, status: 200, error: null, totalMs: 12 },
    })
    expect(prober.attempts).toHaveLength(1)
  })

  test('gets one message about a failure that opens an incident, and an answer about a failure during the incident', async () => {
    const site = await addMonitor(database.db, 'site.test')
    const prober = startProber(database.db, () => responded(404))
    await prober.run(request([checkOf(site, noon)], 'first'))
    expect(prober.published.map(({ type }) => type)).toEqual(['dev.vigia.monitor.down'])
    await prober.run(request([checkOf(site, noon + 7_000)], 'now'))
    expect(prober.published.map(({ type }) => type)).toEqual(['dev.vigia.monitor.down', 'dev.vigia.probe.finished'])
    expect(prober.published[1]!.data).toMatchObject({ reason: 'now', ok: false, status: 404, error: 'status' })
  })

  test('gets no message about a monitor that was deleted', async () => {
    const site = await addMonitor(database.db, 'site.test')
    await monitorsIn(database.db).remove(chatId, site.id)
    const prober = startProber(database.db, () => responded(200))
    await prober.run(request([checkOf(site, noon)], 'now'))
    expect(prober.published).toEqual([])
  })
})

test('a check gets the secrets of its monitor from PostgreSQL, and no event has them', async () => {
  const site = await addMonitor(database.db, 'site.test')
  await monitorSecretsIn(database.db).replace(site.id, { token: 'old', unused: 'x' })
  await monitorSecretsIn(database.db).replace(site.id, { token: 'hush' })
  const prober = startProber(database.db, () => responded(200))
  const settings = { auth: { bearer: true } }
  await prober.run(request([checkOf(site, noon, { settings, hasSecrets: true })], 'now'))
  expect(prober.attempts).toMatchObject([{ authorization: 'Bearer hush' }])
  expect(prober.published).toMatchObject([{ data: { ok: true } }])
  expect(JSON.stringify(prober.published)).not.toContain('hush')
})

test('a check of a former host, which was requested before the monitor moved, does not get the new secret', async () => {
  const site = await addMonitor(database.db, 'site.test')
  await monitorSecretsIn(database.db).replace(site.id, { token: 'hush' })
  const prober = startProber(database.db, () => responded(200))
  const check = checkOf(site, noon, { settings: { auth: { bearer: true } }, hasSecrets: true })
  await prober.run(request([{ ...check, url: 'https://former.test/' }], 'now'))
  expect(prober.attempts).toEqual([])
  expect(await storedResults(database.db)).toEqual([])
  await prober.run(request([{ ...check, url: `${check.url}status` }], 'now'))
  expect(prober.attempts).toMatchObject([{ authorization: 'Bearer hush' }])
})

test('the answer warns about a redirect from https to http, which is not a failure', async () => {
  const site = await addMonitor(database.db, 'site.test')
  const prober = startProber(database.db, () => ({ ...responded(200), warning: 'insecure-redirect' }))
  await prober.run(request([checkOf(site, noon)], 'now'))
  expect(prober.published).toMatchObject([{ data: { ok: true, warning: 'insecure-redirect' } }])
  expect(await storedResults(database.db)).toMatchObject([{ ok: true, error: null }])
})
