import { strFromU8, unzipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { exportedTables, leftOut, personalDataIn } from '#database/chats/personal-data.ts'
import { importsIn } from '#database/series/imports.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

/** The files in the ZIP that the bot sent last. */
const received = (person: ReturnType<typeof newPerson>) => {
  const files = unzipSync(person.file(person.answers().at(-1)!.id)!)
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, strFromU8(bytes)]))
}

const rowsOf = async (chatId: number) => {
  const { rows } = await world.db.query<{ table: string; count: number }>(
    `select table_name as table, (xpath('/row/count/text()', query_to_xml(
       format('select count(*) as count from %I where chat_id = %s', table_name, $1::bigint), false, true, '')))[1]::text::integer as count
     from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and column_name = 'chat_id' and table_type = 'BASE TABLE'`,
    [chatId],
  )
  return rows.filter(({ count }) => count > 0).map(({ table }) => table)
}

describe('/exportar', () => {
  test('sends everything of the chat as JSON and as CSV, without secrets', async () => {
    const ana = newPerson()
    await world.deps.chats.upsert({ id: ana.chatId, kind: 'private', language: 'pt-BR' })
    await world.deps.follows.follow(ana.chatId, 'show/82', world.time.now, '=HYPERLINK("x"), "Ruptura"')
    await ana.says('/pagina Loja')
    const { secret } = (await world.deps.statusPages.of([ana.chatId]))[0]!
    const shown = await ana.says('/exportar')
    expect(shown.text).toMatch(/^📦 Isto é tudo o que guardo desta conversa/)
    const files = received(ana)
    const all = JSON.parse(files['vigia.json']!)
    expect(all).toMatchObject({
      chat: [{ id: ana.chatId, zone: 'America/Sao_Paulo' }],
      follow: [{ subject: 'show/82', title: '=HYPERLINK("x"), "Ruptura"' }],
      status_page: [{ title: 'Loja' }],
    })
    expect(files['follow.csv']).toContain(`"'=HYPERLINK(""x""), ""Ruptura"""`)
    expect(Object.values(files).join()).not.toContain(secret)
  })

  test('has no URL to which a job sends pings, and of a webhook only the host', async () => {
    const { chatId, ...eva } = newPerson()
    await world.deps.chats.upsert({ id: chatId, kind: 'private', language: 'pt-BR' })
    await eva.says('/batimento backup 24h')
    const { rows } = await world.db.query<{ token: string }>('select token from heartbeat where chat_id = $1', [chatId])
    await eva.says('/webhook https://hooks.example.org:8443/services/T024BE7LH?key=hidden')
    await eva.says('/exportar')
    const files = received({ chatId, ...eva })
    const all = JSON.parse(files['vigia.json']!)
    expect([all.heartbeat.length, all.webhook]).toEqual([
      1,
      [expect.objectContaining({ host: 'hooks.example.org:8443' })],
    ])
    expect(Object.values(files).join()).not.toMatch(new RegExp(`${rows[0]!.token}|T024BE7LH|hidden`))
  })

  test('has one line for each row, and of an imported series only how many episodes were watched', async () => {
    const fernanda = newPerson()
    await fernanda.says('/ajuda')
    const file = { chatId: fernanda.chatId, threadId: null, fileId: 'file', fileName: 'lista.txt' }
    const id = (await importsIn(world.db).add(file, 'export', world.time.now))!
    const one = { title: 'Ruptura', premiered: 2022, thetvdb: null, imdb: null, wanted: true }
    await importsIn(world.db).keepSeries(id, [{ ...one, watched: [1, 2, 3].map(number => [1, number, null] as const) }])
    await fernanda.says('/exportar')
    const json = received(fernanda)['vigia.json']!
    expect(JSON.parse(json).imported_series).toMatchObject([{ title: 'Ruptura', watched: 3 }])
    expect(json.split('\n').find(line => line.includes('Ruptura'))).toMatch(/^\{.*\}$/)
  })

  test('has every row of a large table, and says which tables have more rows than fit', async () => {
    const gil = newPerson()
    await gil.says('/ajuda')
    await world.db.query(
      `insert into seen_episode (chat_id, show_id, season, number, seen_at)
       select $1, 82, 1, number, $2 from generate_series(1, 20001) number`,
      [gil.chatId, world.time.now],
    )
    await gil.says('/exportar')
    const files = received(gil)
    expect(JSON.parse(files['vigia.json']!).seen_episode).toHaveLength(20_001)
    expect(files['seen_episode.csv']!.trimEnd().split('\r\n')).toHaveLength(20_002)

    const { personalData } = world.deps
    world.deps.personalData = personalDataIn(world.db, 20_000)
    const shown = await gil.says('/exportar')
    world.deps.personalData = personalData
    expect(shown.text).toMatch(/^📦 Isto é o que guardo .+Ficaram incompletas: seen_episode\.$/s)
    const all = JSON.parse(received(gil)['vigia.json']!)
    expect([all.seen_episode.length, all.incomplete]).toEqual([20_000, ['seen_episode']])
  })

  test('has nothing of another chat', async () => {
    const [bia, caio] = [newPerson('en'), newPerson()]
    await bia.says('/help')
    await caio.says('/ajuda')
    await world.deps.follows.follow(caio.chatId, 'show/99', world.time.now, 'Only of Caio')
    await bia.says('/export')
    expect(Object.values(received(bia)).join()).not.toContain('Only of Caio')
  })

  test('every table with rows of a chat is exported, or is on the list of those that are not', async () => {
    const { rows } = await world.db.query<{ name: string }>(
      `with recursive own as (
         select 'chat'::regclass as oid union
         select conrelid::regclass from pg_constraint join own on confrelid = own.oid where contype = 'f' and confdeltype = 'c'
       ) select oid::text as name from own order by 1`,
    )
    expect(rows.map(({ name }) => name)).toEqual([...exportedTables, ...leftOut].sort())
  })
})

describe('/excluir', () => {
  test('asks first, deletes every row of the chat, and says what was deleted', async () => {
    const davi = newPerson()
    const keeper = newPerson()
    await keeper.says('/ajuda')
    await davi.says('/pagina Loja do Davi')
    await davi.says('/monitorar https://davi.example')
    await world.deps.follows.follow(davi.chatId, 'show/82', world.time.now, 'Ruptura')
    const question = await davi.says('/excluir')
    expect(labels(question)).toEqual([['🗑 apagar tudo'], ['não apagar']])
    expect(question.text).toContain('• 1 série seguida\n')
    expect((await davi.presses('não apagar', question.id)).shown.text).toBe('Certo, nada foi apagado.')
    expect(await world.deps.follows.of(davi.chatId, 'show/')).toHaveLength(1)

    const again = await davi.says('/excluir')
    const { shown } = await davi.presses('🗑 apagar tudo', again.id)
    expect(shown.text).toMatch(/^🗑 Apaguei tudo desta conversa:\n\n• 1 série seguida\n/)
    expect(shown.text).toContain('• 1 página de status\n• idioma, fuso, avisos e relatórios\n')
    expect(await rowsOf(davi.chatId)).toEqual([])
    // A second press does not say that there was nothing.
    const second = await davi.forges(again.id, 'v1:er:yes')
    expect([second.toast, second.shown.text]).toEqual(['Já não há nada desta conversa.', shown.text])
    expect(await world.deps.chats.find(davi.chatId)).toBeNull()
    expect(await world.deps.chats.find(keeper.chatId)).not.toBeNull()
  })
})
