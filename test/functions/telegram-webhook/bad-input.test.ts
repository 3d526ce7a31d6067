import { describe, expect, test } from 'vitest'
import { newPerson, useConversations, world } from './conversations.ts'

useConversations()

/** What a chat has stored after a refused request: nothing. */
const stored = async (chatId: number) => ({
  monitors: await world.deps.monitors.of(chatId),
  windows: await world.deps.maintenance.of(chatId, world.time.now),
})

describe('a request that cannot be understood is explained with an example, and nothing is stored', () => {
  test.each([
    [
      'an invalid URL',
      '/monitorar http://',
      /não é um endereço que eu entenda\. Tente algo como https:\/\/exemplo\.com\.br/,
    ],
    [
      'an unknown type',
      '/monitorar ftp://exemplo.com.br',
      /só vigio endereços http, .*como https:\/\/exemplo\.com\.br/,
    ],
    ['a missing port', '/monitorar tcp://exemplo.com.br', /falta a porta, como em tcp:\/\/exemplo\.com\.br:5432/],
    ['a private address', '/monitorar http://192.168.0.1', /rede privada, .*como https:\/\/exemplo\.com\.br/],
    ['a short interval', '/monitorar exemplo.com.br 5s', /menor intervalo é de 10 segundos \(10s\)/],
    ['a long interval', '/monitorar exemplo.com.br 2 dias', /maior intervalo é de 24 horas \(24h\)/],
    [
      'an interval that is none',
      '/monitorar exemplo.com.br logo',
      /Não entendi o intervalo “logo”\. Use por exemplo 30s/,
    ],
    ['a time limit out of range', '/monitorar exemplo.com.br 1m limite 5m', /limite de tempo .*Exemplo: \/monitorar/],
    [
      'a slow limit out of range',
      'monitorar exemplo.com.br, avisar se demorar mais de 5 minutos',
      /^“5 minutos” não serve\. O tempo vai de 1 ms a 120 s, por exemplo 800 ms/,
    ],
    ['a cron of a heartbeat', '/batimento backup 99 3 * * *', /\/batimento relatório 0 3 \* \* \*/],
    ['a cron of maintenance', '/manutencao 0 25 * * * 1h', /não é um cron de cinco campos\. .*0 3 \* \* 2 1h/],
    ['maintenance in the past', '/manutencao 2026-11-20 22:00 2h', /já passou\. .*\/manutencao amanhã 22:00 2h/],
  ])('%s', async (_, text, words) => {
    const person = newPerson()
    expect((await person.says(text)).text).toMatch(words)
    expect(await stored(person.chatId)).toEqual({ monitors: [], windows: [] })
  })

  test.each([
    ['an invalid URL', '/monitor http://', /not an address I understand\. A good example is https:\/\/example\.org/],
    ['an unknown type', '/monitor ftp://example.org', /only watch addresses of http, .*such as https:\/\/example\.org/],
    ['a private address', '/monitor http://10.0.0.1', /private network, .*such as https:\/\/example\.org/],
    ['a short interval', '/monitor example.org every 5 seconds', /shortest interval is 10 seconds \(10s\)/],
    [
      'a slow limit out of range',
      'watch example.org and tell me if it takes longer than 5 minutes',
      /^“5 minutes” does not work\. The time can be from 1 ms to 120 s, for example 800 ms/,
    ],
    ['a cron of maintenance', '/maintenance 0 25 * * * 1h', /not a cron of five fields\. .*0 3 \* \* 2 1h/],
  ])('%s, in English', async (_, text, words) => {
    const person = newPerson('en')
    expect((await person.says(text)).text).toMatch(words)
    expect(await stored(person.chatId)).toEqual({ monitors: [], windows: [] })
  })
})

describe('a wish to be told of slow answers', () => {
  test.each([
    [
      'monitorar meusite.example a cada 5 minutos, avisar se demorar mais de 2 s',
      'https://meusite.example/',
      300,
      2_000,
    ],
    ['vigia meusite.example e me avise se passar de 800 ms', 'https://meusite.example/', 60, 800],
    ['/monitorar meusite.example 1m lento a partir de 1,5 s', 'https://meusite.example/', 60, 1_500],
    [
      'watch example.org every 5 minutes, tell me if it takes longer than 2 seconds',
      'https://example.org/',
      300,
      2_000,
    ],
    ['/monitor example.org 1m limit 30s slow from 3s', 'https://example.org/', 60, 3_000],
  ])('%s', async (text, url, intervalS, slowMs) => {
    const person = newPerson()
    expect((await person.says(text)).text).toMatch(/^Pronto! .*aviso se demorar mais de (?:[23] s|800 ms|1\.500 ms)/)
    expect(await world.deps.monitors.of(person.chatId)).toMatchObject([{ url, intervalS, settings: { slowMs } }])
  })

  test('keeps the other settings of a monitor', async () => {
    const person = newPerson()
    await person.says('/monitorar meusite.example 1m')
    await world.db.query(`update monitor set settings = '{"keyword":"ok"}' where chat_id = $1`, [person.chatId])
    await person.says('/monitorar meusite.example 1m, avisar se demorar mais de 2 s')
    expect((await world.deps.monitors.of(person.chatId))[0]!.settings).toEqual({ keyword: 'ok', slowMs: 2_000 })
  })

  test('is understood in the wizard too', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    const review = await person.says('meusite.example a cada 5 minutos, avisar se demorar mais de 2 s')
    expect(review.text).toContain('Intervalo: 5 min')
    expect(review.text).toContain('Lento a partir de: 2.000 ms')
  })
})
