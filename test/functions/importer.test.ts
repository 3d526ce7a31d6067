import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { importsIn } from '#database/series/imports.ts'
import type { EventOf } from '#events/event.ts'
import { rootCause } from '#events/event.ts'
import type { ImportRequested } from '#events/import-requested.ts'
import { importer, importsDue } from '#functions/importer/importer.ts'
import { importsDue as importsDueIn } from '#functions/probe-scheduler/imports-due.ts'
import { telegram } from '#functions/telegram/client.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { type TvTimeSeries, tvTimeZip } from './importer/tv-time-zip.ts'
import { labels, newPerson, useConversations, world } from './telegram-webhook/conversations.ts'
import { token } from './telegram-webhook/support.ts'

useConversations()

/** 112 series that TVmaze has by their id, of which 9 are archived; 4,000 watched episodes. */
let history: TvTimeSeries[]

beforeAll(() => {
  history = Array.from({ length: 112 }, (_, at) => {
    const thetvdb = 700_000 + at
    world.tvmaze.addShow({ name: `Series ${at}`, externals: { tvrage: null, thetvdb, imdb: null } })
    return { name: `Series ${at}`, thetvdb, archived: at >= 103, watched: at < 100 ? 40 : 0 }
  })
  // TVmaze has two series of each of these names, and none with these ids.
  for (const at of [0, 1, 2])
    for (const premiered of ['2004-01-01', '2011-01-01']) world.tvmaze.addShow({ name: `Homonym ${at}`, premiered })
  for (const at of [0, 1, 2]) history.push({ name: `Homonym ${at}`, thetvdb: 800_000 + at, watched: 0 })
  history.push({ name: 'Qqxyzzy', thetvdb: 800_003, watched: 0 }, { name: 'Wwplugh', thetvdb: 800_004, watched: 0 })
})

const dependencies = () => ({
  imports: importsIn(world.db),
  chats: chatsIn(world.db),
  telegram: telegram({ apiRoot: world.telegram.url, token }),
  tvmaze: tvmaze(world.tvmaze.url, { clock: () => world.time.now, wait: async () => {}, callsPerTenSeconds: 10_000 }),
  clock: () => world.time.now,
  log: pino({ level: 'silent' }),
})

const requested = (chatId: number) =>
  world.broker.events('import.requested').filter(({ subject }) => subject === `chat/${chatId}`) as EventOf<
    typeof ImportRequested
  >[]

/** Sends a file, and lets importer do all of its work. Returns the bot's message. */
const imported = async (person: ReturnType<typeof newPerson>, name: string, bytes: Buffer) => {
  await person.sendsFile(name, bytes)
  await importer(requested(person.chatId).at(-1)!, dependencies())
  return person.answers().at(-1)!
}

/** The requests of a tick to go on with the imports of a person. */
const ticks = async ({ chatId }: { chatId: number }) =>
  (await importsDue(rootCause(`tick-${world.time.now.toISOString()}`), dependencies())).filter(
    ({ subject }) => subject === `chat/${chatId}`,
  ) as EventOf<typeof ImportRequested>[]

const triesOf = async ({ chatId }: { chatId: number }) =>
  (await world.db.query<{ tries: number }>('select tries from series_import where chat_id = $1', [chatId])).rows[0]!
    .tries

const seen = async ({ chatId }: { chatId: number }) =>
  (await world.db.query('select from seen_episode where chat_id = $1', [chatId])).rowCount

const follows = ({ chatId }: { chatId: number }) => world.deps.follows.of(chatId, 'show/')

describe('the history of TV Time', () => {
  test('117 series of a ZIP are reviewed, chosen, followed and undone, in one message', async () => {
    const ana = newPerson()
    world.tvmaze.forgetCalls()
    const shown = await imported(ana, 'tv-time-personal-data.zip', tvTimeZip(history))
    expect(shown.text).toBe(
      [
        '📋 tv-time-personal-data.zip',
        '✅ 103 séries encontradas\n👁 4000 episódios vistos no arquivo\n🗄 9 arquivadas, que ficam de fora',
        '❓ 3 com mais de uma possibilidade\n🚫 2 que o TVmaze não tem: Qqxyzzy, Wwplugh',
        'Nada foi mudado ainda.',
      ]
        .join('\n\n')
        .replace('fora\n\n❓', 'fora\n❓'),
    )
    expect(await follows(ana)).toEqual([])
    // One call for each id, and one more for each name: at 14 calls in 10.5 seconds that is less than 100 seconds.
    expect(world.tvmaze.calls()).toHaveLength(117 + 5)

    const question = (await ana.presses('❓ escolher 3', shown.id)).shown
    expect(question.text).toBe('Qual é Homonym 0?\n\nFaltam 3.')
    expect(labels(question)).toEqual([
      ['Homonym 0 (2004) · Meridian'],
      ['Homonym 0 (2011) · Meridian'],
      ['nenhuma dessas'],
      ['« voltar'],
    ])
    await ana.presses(/\(2011\)/, shown.id)
    await ana.presses('nenhuma dessas', shown.id)
    const reviewed = (await ana.presses(/\(2004\)/, shown.id)).shown
    expect(labels(reviewed)).toEqual([['✅ seguir 105 séries'], ['cancelar']])

    const done = (await ana.presses('✅ seguir 105 séries', shown.id)).shown
    expect(done.text).toMatch(
      /^🎉 Pronto! Agora você segue mais 105 séries\.\n👁 Marquei 4000 episódios como vistos\.\n\nOs próximos episódios/,
    )
    expect(await seen(ana)).toBe(4_000)
    expect(await follows(ana)).toHaveLength(105)
    expect(ana.answers()).toHaveLength(1)
    const undone = (await ana.presses(/desfazer/, shown.id)).shown
    expect(undone.text).toBe(
      '↩️ Desfeito: 105 séries a menos, e 4000 episódios de novo por ver. O que já estava aqui antes continua.',
    )
    expect(await follows(ana)).toEqual([])
    expect(await seen(ana)).toBe(0)
  })

  test('the same file twice doubles nothing, and its undo keeps what the first one added', async () => {
    const bia = newPerson('en')
    const file = tvTimeZip(history.slice(0, 4), { generation: 'earlier' })
    const first = await imported(bia, 'gdpr.zip', file)
    await bia.presses('✅ follow 4 series', first.id)
    const second = await imported(bia, 'gdpr.zip', file)
    const done = (await bia.presses('✅ follow 4 series', second.id)).shown
    expect(done.text).toBe('No new series.\nYou already followed 4.')
    expect(labels(done)).toEqual([])
    expect([(await follows(bia)).length, await seen(bia)]).toEqual([4, 160])
    await bia.forges(second.id, `v1:im:${requested(bia.chatId).at(-1)!.data.importId}:undo`)
    expect([(await follows(bia)).length, await seen(bia)]).toEqual([4, 160])
  })

  test('an update and an event that are delivered twice have one effect', async () => {
    const caio = newPerson()
    world.telegram.deliverTwice(true)
    await caio.sendsFile('gdpr.zip', tvTimeZip(history.slice(0, 2)))
    world.telegram.deliverTwice(false)
    expect(requested(caio.chatId)).toHaveLength(1)
    const [event] = requested(caio.chatId)
    await importer(event!, dependencies())
    await importer(event!, dependencies())
    expect(caio.answers()).toHaveLength(1)
    const { rows } = await world.db.query('select from series_import where chat_id = $1', [caio.chatId])
    expect(rows).toHaveLength(1)
  })
})

describe('interruptions', () => {
  test('while TVmaze is down the import waits, and a tick goes on where it stopped', async () => {
    const davi = newPerson()
    await davi.sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\nHomonym 1 (2011)\nQqxyzzy\n'))
    const [event] = requested(davi.chatId)
    world.tvmaze.fail('502')
    await importer(event!, dependencies())
    world.tvmaze.fail(null)
    expect(davi.answers().at(-1)!.text).toBe('📥 Estou lendo lista.txt…')
    expect(await ticks(davi)).toEqual([])
    world.time.now = new Date(world.time.now.getTime() + 60_000)
    const [next] = await ticks(davi)
    await importer(next!, dependencies())
    expect(davi.answers()).toHaveLength(1)
    expect(davi.answers()[0]!.text).toMatch(/✅ 2 séries encontradas\n🚫 1 que o TVmaze não tem: Qqxyzzy/)
  })

  test('a process that ends in the middle loses nothing: after its lease another one goes on', async () => {
    const eva = newPerson()
    await eva.sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\nHomonym 1 (2011)\n'))
    const [event] = requested(eva.chatId)
    const stopping = new AbortController()
    stopping.abort()
    await importer(event!, dependencies(), stopping.signal)
    expect(eva.answers().at(-1)!.text).toBe('📥 Estou lendo lista.txt…')
    await importer(event!, dependencies())
    expect(eva.answers().at(-1)!.text).toMatch(/✅ 2 séries encontradas/)
  })

  test('an error that comes back is tried three times; then the person and the operators read it once', async () => {
    const igor = newPerson()
    await igor.sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\n'))
    const [event] = requested(igor.chatId)
    const imports = importsIn(world.db)
    const fails = async (): Promise<never> => {
      throw new TypeError('not a function')
    }
    const failing = { ...dependencies(), imports: { ...imports, counts: fails } }
    await importer(event!, failing)
    // The broker repeats the event at once: nothing happens before the pause is over.
    await importer(event!, failing)
    expect(await triesOf(igor)).toBe(1)
    world.time.now = new Date(world.time.now.getTime() + 60_000)
    await importer(event!, failing)
    expect(igor.answers()[0]!.text).toBe('📥 Estou lendo lista.txt…')
    world.time.now = new Date(world.time.now.getTime() + 60_000)
    await expect(importer(event!, failing)).rejects.toThrow(/^import \d+ was given up after 3 tries: not a function$/)
    expect(igor.answers()).toHaveLength(1)
    expect(igor.answers()[0]!.text).toMatch(/^Não consegui terminar de ler o arquivo: .+ Nada foi mudado\.$/)
    world.time.now = new Date(world.time.now.getTime() + 60_000)
    expect(await ticks(igor)).toEqual([])
  })

  test('an import whose process is killed each time is given up', async () => {
    const julia = newPerson()
    await julia.sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\n'))
    const [event] = requested(julia.chatId)
    for (let killed = 0; killed < 3; killed++) {
      await importsIn(world.db).lease(event!.data.importId, world.time.now)
      world.time.now = new Date(world.time.now.getTime() + 200_000)
    }
    await expect(importer(event!, dependencies())).rejects.toThrow(/its process ended each time$/)
    expect(julia.answers().map(({ text }) => text)).toEqual([expect.stringMatching(/^Não consegui terminar/)])
    expect(await ticks(julia)).toEqual([])
  })

  test('while Telegram is down nothing counts as a try, and the import goes on later', async () => {
    const karen = newPerson()
    await karen.sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\n'))
    const [event] = requested(karen.chatId)
    const down = { ...dependencies(), telegram: telegram({ apiRoot: 'http://127.0.0.1:9', token }) }
    for (let round = 0; round < 5; round++) await expect(importer(event!, down)).rejects.toThrow(/no answer/)
    expect(await triesOf(karen)).toBe(0)
    await importer(event!, dependencies())
    expect(karen.answers().at(-1)!.text).toMatch(/✅ 1 série encontrada/)
  })

  test('the calls of one event end before its lease, however slow TVmaze is', async () => {
    const leo = newPerson()
    await leo.sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\nHomonym 1 (2011)\nQqxyzzy\n'))
    const [event] = requested(leo.chatId)
    const begunAt = world.time.now.getTime()
    world.tvmaze.fail('502')
    const slow = tvmaze(world.tvmaze.url, {
      ...{ attempts: 100, callsPerTenSeconds: 10_000, clock: () => world.time.now },
      wait: async ms => {
        world.time.now = new Date(world.time.now.getTime() + ms)
      },
    })
    await importer(event!, { ...dependencies(), tvmaze: slow })
    expect(world.time.now.getTime() - begunAt).toBeLessThan(150_000)
    world.tvmaze.fail(null)
    await importer(event!, dependencies())
    expect(leo.answers().at(-1)!.text).toMatch(/✅ 2 séries encontradas/)
  })

  test('a tick requests the first fetch of followed series until they are in the catalogue', async () => {
    const fabio = newPerson()
    const shown = await imported(fabio, 'gdpr.zip', tvTimeZip(history.slice(10, 13)))
    await fabio.presses('✅ seguir 3 séries', shown.id)
    const fetches = async () =>
      (await importsIn(world.db).toFetch(1_000, world.time.now)).filter(({ chatId }) => chatId === fabio.chatId)
    const [first] = await fetches()
    expect(await fetches()).toHaveLength(3)
    await world.deps.follows.clearWaiting(first!.showId, world.time.now)
    expect(await fetches()).toHaveLength(2)
  })

  test('the scheduler wakes importer only while an import or a first fetch waits', async () => {
    const scheduled = () => importsDueIn(world.db)(rootCause('tick'), world.time.now)
    expect(await scheduled()).toHaveLength(1)
    await world.db.query('update follow set waiting_since = null')
    await world.db.query(`update series_import set state = 'cancelled' where state in ('reading', 'matching')`)
    expect(await scheduled()).toEqual([])
    await newPerson().sendsFile('lista.txt', Buffer.from('Homonym 0 (2004)\n'))
    expect(await scheduled()).toMatchObject([{ type: 'dev.vigia.imports.due', subject: 'imports' }])
  })
})

describe('what is refused', () => {
  test('an unusable file is explained in place of its progress, and nothing is stored', async () => {
    const gabi = newPerson()
    const shown = await imported(gabi, 'series.zip', Buffer.from('not a ZIP'))
    expect(shown.text).toBe(
      'Esse ZIP está incompleto ou estragado. Baixe-o de novo e mande outra vez. Nada foi mudado.',
    )
    expect(gabi.answers()).toHaveLength(1)
    const pdf = await gabi.sendsFile('series.pdf', Buffer.from('%PDF'))
    expect(pdf!.text).toMatch(/^Não sei ler esse tipo de arquivo\./)
  })

  test('a file above 20 MB is refused before its download', async () => {
    const hugo = newPerson()
    const answer = await hugo.sendsFile('tudo.zip', Buffer.alloc(20 * 2 ** 20 + 1))
    expect(answer!.text).toMatch(/^O arquivo tem mais de 20 MB/)
    expect(requested(hugo.chatId)).toEqual([])
  })

  test('buttons of another chat, of a finished import and with a series that was no choice change nothing', async () => {
    const [ines, joao] = [newPerson(), newPerson()]
    const shown = await imported(ines, 'lista.txt', Buffer.from('Homonym 0\n'))
    const { importId } = requested(ines.chatId).at(-1)!.data
    await joao.says('/ajuda')
    const tooOld = 'Essa importação já terminou ou foi cancelada.'
    expect((await joao.forges(1, `v1:im:${importId}:apply`)).toast).toBe(tooOld)
    await ines.forges(shown.id, `v1:ic:${importId}:0:82`)
    expect((await importsIn(world.db).counts(importId)).unsure).toBe(1)
    await ines.presses('« voltar', shown.id)
    await ines.presses('cancelar', shown.id)
    expect((await ines.forges(shown.id, `v1:im:${importId}:apply`)).toast).toBe(tooOld)
    expect(await follows(ines)).toEqual([])
  })

  test('what a file says about an id of TheTVDB is believed only if TVmaze says it too', async () => {
    const [forger, rita] = [newPerson(), newPerson()]
    const forged = await imported(forger, 'lista.csv', Buffer.from('title,year,tvdb\nHomonym 0,2004,900001\n'))
    expect(forged.text).toContain('✅ 1 série encontrada')
    const shown = await imported(rita, 'lista.csv', Buffer.from('title,year,tvdb\nHomonym 1,2011,900001\n'))
    await rita.presses('✅ seguir 1 série', shown.id)
    expect((await follows(rita)).map(({ title }) => title)).toEqual(['Homonym 1'])
    world.tvmaze.forgetCalls()
    for (const person of [newPerson(), newPerson()])
      await imported(person, 'lista.csv', Buffer.from('title,tvdb\nSeries 60,700060\n'))
    expect(world.tvmaze.calls().length).toBeLessThan(2)
  })

  test('only three unfinished imports of the last day are open, so that older ones block nothing', async () => {
    const saul = newPerson()
    await saul.says('/ajuda')
    const add = (cause: string, at: Date) =>
      importsIn(world.db).add({ chatId: saul.chatId, threadId: null, fileId: 'file', fileName: 'lista.txt' }, cause, at)
    const yesterday = new Date(world.time.now.getTime() - 25 * 3_600_000)
    for (const cause of ['1', '2', '3']) expect(await add(cause, yesterday)).not.toBeNull()
    expect(await add('4', yesterday)).toBeNull()
    expect(await add('4', world.time.now)).not.toBeNull()
  })

  test('no more series than the limit of the chat allows are followed, and the rest is told', async () => {
    const lia = newPerson()
    const shown = await imported(lia, 'gdpr.zip', tvTimeZip(history.slice(20, 25)))
    const { importId } = requested(lia.chatId).at(-1)!.data
    const applied = await importsIn(world.db).apply(
      { id: importId, chatId: lia.chatId, threadId: null },
      3,
      world.time.now,
    )
    expect(applied).toEqual({ added: 3, already: 0, full: 2, episodes: 200 })
    // The press that comes second shows the same result.
    expect((await lia.presses('✅ seguir 5 séries', shown.id)).shown.text).toMatch(/2 não couberam/)
  })
})

afterAll(() => world.telegram.deliverTwice(false))
