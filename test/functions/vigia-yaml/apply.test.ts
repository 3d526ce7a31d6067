import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { configuredWindowsOf } from '#database/uptime/configured-windows.ts'
import { incidentsIn } from '#database/uptime/incidents.ts'
import { monitorSecretsIn } from '#database/uptime/monitor-secrets.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { applyConfiguration } from '#functions/vigia-yaml/apply.ts'
import { exportedFile, fileText } from '#functions/vigia-yaml/export.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { fileForms, type Outside } from '#functions/vigia-yaml/read-entries.ts'
import { readFile } from '#functions/vigia-yaml/read-file.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
let variables: Record<string, string>
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  variables = { TOKEN: 'first' }
  await database.db.query('delete from chat')
  await chatsIn(database.db).upsert({ id: 7, kind: 'private', language: 'pt-BR' })
})

const outside: Outside = {
  ...fileForms,
  mayDial: () => true,
  readSecret: source => ('env' in source ? { value: variables[source.env]! } : { reason: 'cannot be read' }),
  readPicture: () => ({ reason: 'cannot be read' }),
}

/** Applies a file and returns the plan as people see it. */
const apply = async (text: string, prune = true): Promise<string> => {
  const { chats } = await readFile('vigia.yaml', text, outside)
  return printPlan(await applyConfiguration(database.db, chats, { prune }))
}

/** A file with monitors of chat 7. */
const monitors = (lines: Record<string, string>) =>
  `chats:\n  - id: 7\n    monitors:\n${Object.entries(lines)
    .map(([key, fields]) => `      ${key}: {${fields}}\n`)
    .join('')}`

const stored = () => configuredMonitorsIn(database.db).of([7])
const exported = async () =>
  fileText(
    exportedFile(
      await chatsIn(database.db).findAll([7]),
      await configuredMonitorsIn(database.db).of([7]),
      await configuredWindowsOf(database.db, [7]),
      await statusPagesIn(database.db).of([7]),
      [],
    ),
  )

const site = 'url: "https://shop.example/"'

describe('apply', () => {
  test('creates monitors, and changes nothing the second time', async () => {
    const file = monitors({
      gateway: 'url: "tcp://gateway.example:443", group: Network',
      shop: `${site}, parent: gateway, interval: 5m, settings: {auth: {bearer: true}}, secrets: {token: {env: TOKEN}}`,
    })
    expect(await apply(file)).toBe(
      ['+ gateway: tcp tcp://gateway.example:443', '+ shop: http https://shop.example/', 'monitors: 2 to create'].join(
        '\n',
      ),
    )
    const [gateway, shop] = await stored()
    expect(gateway).toMatchObject({ key: 'gateway', kind: 'tcp', group: 'Network', parentId: null, isPaused: false })
    expect(shop).toMatchObject({
      key: 'shop',
      intervalS: 300,
      parentId: gateway!.id,
      secrets: { token: 'first' },
    })
    expect(await apply(file)).toBe('monitors: 2 unchanged')
    expect(await stored()).toEqual([gateway, shop])
  })

  test('creates monitors that the scheduler checks and that the chat follows', async () => {
    await apply(monitors({ shop: site }))
    const [shop] = await stored()
    const from = new Date(Date.now() + 60_000)
    const slots = await monitorsIn(database.db).slotsDue(
      { shard: 0, shards: 1 },
      from,
      new Date(from.getTime() + 60_000),
    )
    expect(slots.map(({ id }) => id)).toEqual([shop!.id])
    const follow = await database.db.query(`select title from follow where chat_id = 7 and subject = $1`, [
      `monitor/${shop!.id}`,
    ])
    expect(follow.rows).toEqual([{ title: 'shop.example' }])
  })

  test('changes what the file changes, keeps the history, and shows no secret', async () => {
    await apply(monitors({ shop: `${site}, settings: {auth: {bearer: true}}, secrets: {token: {env: TOKEN}}` }))
    const [before] = await stored()
    variables.TOKEN = 'second'
    const plan = await apply(
      monitors({
        shop: `url: "https://new.example/", name: Shop, paused: true, settings: {auth: {bearer: true}}, secrets: {token: {env: TOKEN}}`,
      }),
    )
    expect(plan).toBe(
      [
        '~ shop: name shop.example → Shop, url https://shop.example/ → https://new.example/, paused false → true, secrets.token hidden → another value',
        'monitors: 1 to change',
      ].join('\n'),
    )
    const [after] = await stored()
    expect(after).toEqual({
      ...before,
      name: 'Shop',
      url: 'https://new.example/',
      isPaused: true,
      secrets: { token: 'second' },
    })
    expect(await apply(monitors({ shop: 'url: "https://new.example/"' }))).toContain('paused true → false')
    expect(await stored()).toEqual([{ ...after, name: 'new.example', isPaused: false, settings: {}, secrets: {} }])
  })

  test('keeps a stored secret, and says which one is missing', async () => {
    await apply(monitors({ shop: `${site}, settings: {auth: {bearer: true}}, secrets: {token: {env: TOKEN}}` }))
    const kept = monitors({
      shop: `${site}, group: A, settings: {auth: {bearer: true}}, secrets: {token: {stored: true}}`,
    })
    await apply(kept)
    expect((await stored())[0]!.secrets).toEqual({ token: 'first' })
    const { chats } = await readFile(
      'vigia.yaml',
      kept.replace('bearer: true', 'basic: {user: me}').replace('{token:', '{password:'),
      outside,
    )
    const { missingSecrets } = await applyConfiguration(database.db, chats, { prune: true })
    expect(missingSecrets).toEqual([{ chatId: 7, key: 'shop', secret: 'password', reason: 'is not stored; write' }])
  })

  test('moves no stored secret to another host, even if the caller does not look at the plan', async () => {
    const shop = `${site}, settings: {auth: {bearer: true}}`
    await apply(monitors({ shop: `${shop}, secrets: {token: {env: TOKEN}}` }))
    const moved = monitors({
      shop: `${shop.replace('shop.example', 'evil.example')}, secrets: {token: {stored: true}}`,
    })
    await expect(apply(moved)).rejects.toThrow('the secret token of shop was given for another host; give it again')
    expect(await stored()).toMatchObject([{ url: 'https://shop.example/', secrets: { token: 'first' } }])
  })

  test('deletes monitors that an earlier file had, and never those that were added in the chat', async () => {
    await monitorsIn(database.db).add({
      chatId: 7,
      name: 'chat',
      kind: 'http',
      url: 'https://chat.example/',
      intervalS: 60,
      timeoutMs: 1000,
    })
    await apply(monitors({ shop: site, blog: 'url: "https://blog.example/"' }))
    expect(await apply(monitors({ blog: 'url: "https://blog.example/"' }))).toBe(
      ['- shop: shop.example is deleted with its history', 'monitors: 1 to delete, 1 unchanged'].join('\n'),
    )
    expect((await stored()).map(({ name }) => name)).toEqual(['chat', 'blog.example'])
    expect(await apply(monitors({ shop: site }), false)).toBe(
      ['+ shop: http https://shop.example/', 'monitors: 1 to create'].join('\n'),
    )
    expect((await stored()).map(({ name }) => name)).toEqual(['chat', 'blog.example', 'shop.example'])
  })

  test('moves a URL from one key to another', async () => {
    await apply(monitors({ shop: site }))
    expect(await apply(monitors({ store: site }))).toContain('1 to create, 1 to delete')
    expect((await stored()).map(({ key }) => key)).toEqual(['store'])
  })

  test('lets two monitors of a file share a URL', async () => {
    await apply(monitors({ fast: `${site}, interval: 10s`, slow: `${site}, interval: 1h` }))
    expect((await stored()).map(({ key, intervalS }) => [key, intervalS])).toEqual([
      ['fast', 10],
      ['slow', 3600],
    ])
  })

  test('swaps the parents of two monitors in one step', async () => {
    await apply(monitors({ a: `${site}, parent: b`, b: site }))
    expect(await apply(monitors({ a: site, b: `${site}, parent: a` }))).toContain('a: parent b → none')
    const [a, b] = await stored()
    expect([a!.parentId, b!.parentId]).toEqual([null, a!.id])
    expect(await apply(monitors({ b: site }))).toContain('parent a → none')
  })

  test('replaces a monitor whose kind changes', async () => {
    await apply(monitors({ shop: site }))
    const [before] = await stored()
    expect(await apply(monitors({ shop: 'url: "tcp://shop.example:443"' }))).toContain(
      '! shop: begins anew without its history, because kind http → tcp',
    )
    const [after] = await stored()
    expect(after).toMatchObject({ key: 'shop', kind: 'tcp' })
    expect(after!.id).not.toBe(before!.id)
  })

  test('creates a heartbeat with its URL, keeps the URL when the settings change, and takes over one of the chat', async () => {
    const heartbeat = (periodS: number) => `kind: heartbeat, reminder: 30m, settings: {periodS: ${periodS}}`
    const token = async () =>
      (await database.db.query<{ token: string; slug: string }>('select token, slug from heartbeat')).rows
    expect(await apply(monitors({ 'nightly.backup': heartbeat(3600) }))).toContain('+ nightly.backup: heartbeat')
    const before = await token()
    expect(before).toMatchObject([{ slug: 'nightly-backup' }])
    expect(await apply(monitors({ 'nightly.backup': heartbeat(7200) }))).toContain('settings.periodS 3600 → 7200')
    expect(await token()).toEqual(before)
    expect(await apply(monitors({ 'nightly.backup': heartbeat(7200) }))).toBe('monitors: 1 unchanged')
    await database.db.query('update monitor set config_key = null')
    const text = await exported()
    expect(text).toContain('nightly-backup:')
    expect(await apply(text)).toContain('> nightly-backup: was added in the chat')
    expect(await token()).toEqual(before)
  })

  test('refuses a heartbeat whose name in the URL another heartbeat of the chat has', async () => {
    const two = monitors({ 'a.b': 'kind: heartbeat', 'a-b': 'kind: heartbeat' })
    await expect(apply(two)).rejects.toThrow('another heartbeat of chat 7 has the name a-b; use another key than')
    expect(await stored()).toEqual([])
  })

  test('ends the outage of a monitor that it pauses', async () => {
    await apply(monitors({ shop: site }))
    const [shop] = await stored()
    const openedAt = new Date()
    await incidentsIn(database.db).open([
      { monitorId: shop!.id, openedAt, openedLate: false, cause: 'test', status: 500, error: 'status', lastOkAt: null },
    ])
    await apply(monitors({ shop: `${site}, paused: true` }))
    const { rows } = await database.db.query('select closed_cause from incident')
    expect(rows).toEqual([{ closed_cause: 'paused' }])
  })

  test('sets the language, the zone and the topic of a chat, and adds a chat that has not used the bot', async () => {
    const file = `chats:
  - {id: 7, language: en, zone: Europe/Lisbon, topic: 12, monitors: {shop: {${site}}}}
  - {id: -1001234567890}`
    expect(await apply(file)).toBe(
      [
        '~ chat 7: language pt-BR → en, zone America/Sao_Paulo → Europe/Lisbon',
        '+ chat -1001234567890: new; add the bot to it',
        '+ shop: http https://shop.example/',
        'monitors: 1 to create',
      ].join('\n'),
    )
    expect(await chatsIn(database.db).find(-1001234567890)).toMatchObject({ kind: 'supergroup', language: 'pt-BR' })
    expect((await stored())[0]!.threadId).toBe(12)
    expect(await apply(file.replace(', topic: 12', ''))).toContain('topic 12 → none')
    expect((await stored())[0]!.threadId).toBeNull()
  })

  test('saves nothing if one monitor cannot be saved', async () => {
    const { chats } = await readFile(
      'vigia.yaml',
      monitors({ shop: site, blog: 'url: "https://blog.example/"' }),
      outside,
    )
    chats[0]!.monitors[1]!.intervalS = 1
    await expect(applyConfiguration(database.db, chats, { prune: true })).rejects.toThrow('monitor_interval_s_check')
    expect(await stored()).toEqual([])
  })

  test('of the same file twice at once creates each monitor once', async () => {
    const file = monitors({ shop: site, blog: 'url: "https://blog.example/"' })
    const plans = await Promise.all([apply(file), apply(file), apply(file)])
    expect(plans.filter(plan => plan.includes('2 to create'))).toHaveLength(1)
    expect(await stored()).toHaveLength(2)
  })
})

describe('export', () => {
  test('gives a file that changes nothing, without defaults and without secrets', async () => {
    const file = monitors({
      gateway: 'url: "tcp://gateway.example:443"',
      shop: `${site}, name: Shop, parent: gateway, interval: 5m, timeout: 20s, group: Web, reminder: doubling, confirmations: 1, recoveries: 1, paused: true, settings: {auth: {bearer: true}}, secrets: {token: {env: TOKEN}}`,
    })
    await apply(file)
    const text = await exported()
    expect(text).toBe(`chats:
  - id: 7
    language: pt-BR
    zone: America/Sao_Paulo
    monitors:
      gateway:
        url: tcp://gateway.example:443
      shop:
        name: Shop
        url: https://shop.example/
        interval: 5m
        timeout: 20s
        confirmations: 1
        recoveries: 1
        reminder: doubling
        group: Web
        parent: gateway
        paused: true
        settings:
          auth:
            bearer: true
        secrets:
          token:
            stored: true
`)
    expect(await apply(text)).toBe('monitors: 2 unchanged')
  })

  test('gives keys to monitors that were added in the chat, and apply takes them over', async () => {
    const add = (name: string, url: string) =>
      monitorsIn(database.db).add({
        chatId: 7,
        name,
        kind: 'http',
        url,
        intervalS: 60,
        timeoutMs: 10_000,
        threadId: 12,
      })
    await add('Loja (produção)', 'https://shop.example/')
    await add('loja produção', 'https://other.example/')
    const before = await stored()
    const text = await exported()
    expect(text).toContain('topic: 12')
    expect(await apply(text)).toBe(
      [
        '> loja-producao: was added in the chat and now belongs to the file',
        '> loja-producao-2: was added in the chat and now belongs to the file',
        'monitors: 2 to take over',
      ].join('\n'),
    )
    expect(await stored()).toEqual([
      { ...before[0], key: 'loja-producao' },
      { ...before[1], key: 'loja-producao-2' },
    ])
    expect(await apply(text)).toBe('monitors: 2 unchanged')
  })
})

test('secrets are stored only in their table', async () => {
  await apply(monitors({ shop: `${site}, settings: {auth: {bearer: true}}, secrets: {token: {env: TOKEN}}` }))
  const [shop] = await stored()
  const { rows } = await database.db.query<{ row: string }>('select monitor::text as row from monitor')
  expect(rows[0]!.row).not.toContain('first')
  expect(await monitorSecretsIn(database.db).of([shop!.id])).toEqual(new Map([[shop!.id, { token: 'first' }]]))
})

test('maintenance windows are created, changed, exported and deleted, and keep what is the same', async () => {
  const file = (windows: string) =>
    `chats:\n  - id: 7\n    monitors: {shop: {${site}, group: Web}}\n    windows: {${windows}}\n`
  const deploy = 'deploy: {title: Deploy, monitor: shop, cron: 0 2 * * 1, duration: 90m, zone: America/Sao_Paulo}'
  const move = 'move: {group: Web, from: 2099-01-10 02:00, to: 2099-01-10 04:00, zone: America/Sao_Paulo}'
  expect(await apply(file(`${deploy}, ${move}`))).toBe(
    [
      '+ shop: http https://shop.example/',
      '+ window deploy: 0 2 * * 1 in America/Sao_Paulo, for 1h30m',
      '+ window move: 2099-01-10T05:00:00.000Z to 2099-01-10T07:00:00.000Z',
      'monitors: 1 to create',
    ].join('\n'),
  )
  expect(await apply(file(`${deploy}, ${move}`))).toBe('monitors: 1 unchanged')
  const text = await exported()
  expect(text).toContain('from: 2099-01-10T05:00')
  expect(await apply(text)).toBe('monitors: 1 unchanged')
  expect(await apply(file(`${deploy.replace('90m', '1h')}, ${move}`))).toContain('! window deploy: 0 2 * * 1 in')
  expect(await apply(file(''))).toContain('- window move: is deleted; its coming times are cancelled')
  expect(await configuredWindowsOf(database.db, [7])).toEqual([])
  expect(await apply(file('past: {from: 2020-01-10 02:00, to: 2020-01-10 04:00}'))).toBe('monitors: 1 unchanged')
})
