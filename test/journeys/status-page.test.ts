import { afterAll, beforeAll, expect, test } from 'vitest'
import { sendRequest } from '#test/support/http.ts'
import { type Journey, repliesMatching, startJourney, waitForReply } from '#test/support/journey.ts'
import { showAnOutageOnAPage } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'

let journey: Journey
beforeAll(async () => {
  journey = await startJourney()
})
afterAll(() => journey?.stop())

test('a visitor opens the page of a chat, subscribes, reads of the outage and of its end once each, and after unsubscribing nothing', {
  timeout: 300_000,
}, async () => {
  const { sites, sitesUrl, telegram } = journey
  const [ana, bia] = [telegram.user('Ana', { language: 'pt-br' }), telegram.user('Bia', { language: 'en' })]
  const waiting = (what: string) => ({ what, timeoutMs: 120_000 })
  sites.set('/loja', { kind: 'switch', on: true })
  ana.send(`/monitorar ${sitesUrl}/loja 10s`)
  await until(() => sites.hits('/loja').length > 0, waiting('the first check'))
  ana.send('/pagina Loja da Ana')
  await waitForReply(ana, /🔒 Secreta/)
  const card = ana.answers().findLast(({ text }) => text.includes('🔒 Secreta'))!
  const address = card.buttons.flat().find(({ text }) => text === 'copiar endereço')!.copy!
  expect(address).toMatch(new RegExp(`^http://localhost:${journey.vigia.publicPort}/status/p/[\\w-]{24}$`))

  const page = await fetch(address, { headers: { 'accept-language': 'pt-BR' } })
  expect([page.status, page.headers.get('content-encoding')]).toEqual([200, 'gzip'])
  expect(await page.text()).toContain('<h1>Loja da Ana</h1>')
  expect((await fetch(address.replace(/p\/.*$/, 'loja-da-ana'))).status).toBe(404)
  const unchanged = await fetch(address, { headers: { 'if-none-match': page.headers.get('etag')! } })
  expect([200, 304]).toContain(unchanged.status)

  bia.send(`/start q_${address.split('/').at(-1)}`)
  await waitForReply(bia, /🔔 Done! When a service of Loja da Ana goes down/)
  sites.turn('/loja', false)
  await until(() => repliesMatching(bia, /🔴/).length > 0, waiting('the message about the outage'))
  const badge = async () => (await (await fetch(`${address}/state.json?lang=en`)).json()) as { message: string }
  await until(async () => (await badge()).message === '1 of 1 down', waiting('the outage on the badge'))
  sites.turn('/loja', true)
  await until(() => repliesMatching(bia, /🟢/).length > 0, waiting('the message about the end'))
  expect(repliesMatching(bia, /🔴/)[0]!.text).toMatch(/^Loja da Ana\n🔴 .* has been down since today/)

  bia.press(/unsubscribe/)
  sites.turn('/loja', false)
  await until(() => repliesMatching(ana, /🔴/).length > 1, waiting('the second outage'))
  await journey.settled()
  expect([repliesMatching(bia, /🔴/).length, repliesMatching(bia, /🟢/).length]).toEqual([1, 1])
})

test('a page that is made in the chat starts its function, and shows an outage and its end', {
  timeout: 300_000,
}, async () => {
  const { vigia } = journey
  const target = `http://localhost:${vigia.publicPort}`
  await showAnOutageOnAPage(
    {
      ...journey,
      visit: path => sendRequest(target, { method: 'GET', path }),
      withoutVisitors: () => vigia.api('/api/functions/status-page/stop', { method: 'POST' }),
    },
    'Caio',
    '/caio',
  )
})
