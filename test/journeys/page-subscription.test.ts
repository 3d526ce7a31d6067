import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliveryModes, type Journey, repliesMatching, startJourney, waitForReply } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'

describe.each(deliveryModes)('with every event %s', (_, twice) => {
  let journey: Journey
  beforeAll(async () => {
    journey = await startJourney({ twice })
  })
  afterAll(() => journey?.stop())

  test('visitors of a page and of one service of it get the outage, its posts, its end and maintenance once each, and nothing after unsubscribing', {
    timeout: 420_000,
  }, async () => {
    const { sites, sitesUrl, telegram, fire } = journey
    const ana = telegram.user('Ana', { language: 'pt-br' })
    const [bia, caio] = [telegram.user('Bia', { language: 'en' }), telegram.user('Caio', { language: 'pt-br' })]
    const waiting = (what: string) => ({ what, timeoutMs: 120_000 })
    sites.set('/loja', { kind: 'switch', on: true })
    sites.set('/blog', { kind: 'switch', on: true })
    for (const path of ['/loja', '/blog']) {
      ana.send(`/monitorar ${sitesUrl}${path} 10s`)
      await until(() => sites.hits(path).length > 0, waiting(`the first check of ${path}`))
    }
    ana.send('/pagina Loja da Ana')
    await waitForReply(ana, /🔒 Secreta/)
    const card = ana.answers().findLast(({ text }) => text.includes('🔒 Secreta'))!
    const address = card.buttons.flat().find(({ text }) => text === 'copiar endereço')!.copy!
    const secret = address.split('/').at(-1)!
    const html = await (await fetch(address, { headers: { 'accept-language': 'en' } })).text()
    const blog = /href="[^"]*\/(\d+)">[^<]*\/blog</.exec(html)![1]!
    bia.send(`/start q_${secret}`)
    await waitForReply(bia, /🔔 Done!/)
    caio.send(`/start c_${blog}_${secret}`)
    await waitForReply(caio, /🔔 Pronto!/)

    sites.turn('/loja', false)
    await until(() => repliesMatching(bia, /🔴/).length > 0, waiting('the message about the outage'))
    await until(() => repliesMatching(ana, /🔴/).length > 0, waiting('the message to the owner'))
    const down = ana.answers().findLast(({ text }) => text.startsWith('🔴'))!
    ana.send('O banco de dados parou.', { replyTo: down.id })
    await waitForReply(ana, /^📣 Publicar na página Loja da Ana\?/)
    ana.press('📣 publicar')
    await until(
      () => repliesMatching(bia, /🔎 Investigating\nO banco de dados parou\./).length > 0,
      waiting('the post'),
    )
    ana.press('🛠 Causa identificada')
    await until(() => repliesMatching(bia, /🛠 Identified\n/).length > 0, waiting('the second post'))
    sites.turn('/loja', true)
    await until(() => repliesMatching(bia, /🟢/).length > 0, waiting('the message about the end'))

    ana.send('/manutencao 1h')
    await waitForReply(ana, /manutenção/i)
    await fire('probe-scheduler')
    await until(() => repliesMatching(caio, /🛠 Começou a manutenção/).length > 0, waiting('the maintenance'))
    await until(() => repliesMatching(bia, /🛠 Maintenance has started/).length > 0, waiting('the maintenance'))
    await journey.settled()
    const counts = (person: typeof bia, ...patterns: RegExp[]) =>
      patterns.map(pattern => repliesMatching(person, pattern).length)
    expect(counts(bia, /has been down/, /🔎/, /🛠 Identified/, /🟢/, /🛠 Maintenance/)).toEqual([1, 1, 1, 1, 1])
    expect(counts(caio, /fora do ar/, /🔎/, /🟢/, /🛠 Começou/)).toEqual([0, 0, 0, 1])

    bia.press(/unsubscribe/)
    caio.press(/não receber mais/)
    await waitForReply(ana, /Começou a manutenção/)
    ana.send('/manutencao')
    const ends = /^encerrar/
    const hasButton = () => ana.answers().some(({ buttons }) => buttons.flat().some(({ text }) => ends.test(text)))
    await until(hasButton, waiting('the button that ends maintenance'))
    ana.press(ends)
    await fire('probe-scheduler')
    await waitForReply(ana, /Terminou a manutenção/)
    ana.send('/aviso Tudo certo por aqui.')
    await waitForReply(ana, /Tudo certo por aqui/)
    await journey.settled()
    expect(counts(bia, /🔴|🔎|🛠|🟢|👀/)).toEqual([5])
    expect(counts(caio, /🔴|🔎|🛠|🟢|👀/)).toEqual([1])
  })
})
