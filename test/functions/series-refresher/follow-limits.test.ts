import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { skippedRecordsIn } from '#database/operations/skipped-records.ts'
import { announcementsIn } from '#database/series/announcements.ts'
import { followsIn } from '#database/series/follows.ts'
import { looksIn } from '#database/series/looks.ts'
import { missingShowsIn } from '#database/series/missing-shows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { type TvmazeCaller, tvmazeBudgetIn } from '#database/series/tvmaze-budget.ts'
import { rootCause } from '#events/event.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { RetryLater } from '#functions/host/errors.ts'
import { defaultLimits } from '#functions/monitors/limits.ts'
import { seriesFollowed } from '#functions/series-refresher/series-followed.ts'
import { seriesRefresher } from '#functions/series-refresher/series-refresher.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { TvmazeBusy, TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { root } from '#infra/repository.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'
import { slowBudget } from '#test/support/slow-budget.ts'

let world: Webhook
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world.stop())
beforeEach(async () => {
  world.tvmaze.fail(null)
  world.tvmaze.forgetCalls()
  world.deps.limits = defaultLimits
  await world.db.query(`update tvmaze_budget set granted = '{}', paused_until = null`)
})

/** Moves all earlier calls and the end of a pause back in time, as if `seconds` had passed. */
const passSeconds = (seconds: number) =>
  world.db.query(
    `update tvmaze_budget set granted = array(select at - $1 * interval '1 second' from unnest(granted) at),
     paused_until = paused_until - $1 * interval '1 second'`,
    [seconds],
  )

describe('the calls to TVmaze', () => {
  const grantedOf = async (caller: TvmazeCaller, requestCount: number) => {
    const budget = tvmazeBudgetIn(world.db)
    const answers = await Promise.all(Array.from({ length: requestCount }, () => budget.take(caller)))
    return answers.filter(ms => ms === 0).length
  }

  test('have one limit for all functions, which reserves some calls for people', async () => {
    expect(await grantedOf('round', 30)).toBe(12)
    expect(await grantedOf('follow', 30)).toBe(4)
    expect(await grantedOf('person', 30)).toBe(4)
    expect(await tvmazeBudgetIn(world.db).take('person')).toBeGreaterThan(0)
    await passSeconds(11)
    expect(await grantedOf('person', 30)).toBe(20)
  })

  test('are limited to 20 in ten seconds over all processes', async () => {
    const pools = Array.from({ length: 3 }, () => postgres(world.databaseUrl))
    const requests = pools.flatMap(db => Array.from({ length: 20 }, () => tvmazeBudgetIn(db).take('person')))
    expect((await Promise.all(requests)).filter(ms => ms === 0).length).toBe(20)
    await Promise.all(pools.map(db => db.end()))
  })

  test('pause in all functions after a Retry-After of TVmaze, for at most ten minutes', async () => {
    const budget = tvmazeBudgetIn(world.db)
    await budget.pause(60_000)
    expect(await budget.take('person')).toBeGreaterThan(1_000)
    await passSeconds(61)
    expect(await budget.take('round')).toBe(0)
    await budget.pause(1e12)
    const wait = await budget.take('person')
    expect(wait).toBeGreaterThan(1_000)
    expect(wait).toBeLessThanOrEqual(600_000)
  })
})

describe('a person who searches', () => {
  const clock = () => new Date('2026-11-21T15:00:00Z')
  /** A TVmaze server that answers 429 with this Retry-After to the first call, and an empty result to later calls. */
  const limited = async (header?: string) => {
    let calls = 0
    const server = createServer((_, response) => {
      calls++
      if (calls > 1) return void response.end('[]')
      response.writeHead(429, header === undefined ? {} : { 'retry-after': header }).end('{}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const stop = () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections())
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls, stop }
  }
  const clientFor = (url: string, take: () => Promise<number> = async () => 0) => {
    const waits: number[] = []
    const pauses: number[] = []
    const client = tvmaze(url, {
      attempts: 2,
      longestWaitMs: 5_500,
      clock,
      wait: async ms => void waits.push(ms),
      budget: { take, pause: async ms => void pauses.push(ms) },
    })
    return { client, waits, pauses }
  }

  test.each<[string | undefined, number]>([
    ['3', 3_000],
    ['0', 1_000],
    [undefined, 2_000],
    ['soon', 2_000],
    ['Sat, 21 Nov 2026 15:00:04 GMT', 4_000],
    ['Sat, 21 Nov 2026 14:00:00 GMT', 1_000],
  ])('waits once for a Retry-After of %s', async (header, ms) => {
    const server = await limited(header)
    const { client, waits, pauses } = clientFor(server.url)
    expect(await client.search('x')).toEqual([])
    expect(waits).toEqual([ms])
    expect(pauses).toEqual([ms])
    await server.stop()
  })

  test.each(['60', '99999999999999999999', 'Sat, 21 Nov 2037 15:00:00 GMT'])(
    'gets an error at once for a Retry-After of %s',
    async header => {
      const server = await limited(header)
      const { client, waits } = clientFor(server.url)
      await expect(client.search('x')).rejects.toThrow(TvmazeUnavailable)
      expect(waits).toEqual([])
      expect(server.calls()).toBe(1)
      await server.stop()
    },
  )

  test('gets an error at once if no call will be available in time, and waits otherwise', async () => {
    const server = await limited()
    await expect(clientFor(server.url, async () => 9_000).client.search('x')).rejects.toThrow(TvmazeBusy)
    expect(server.calls()).toBe(0)
    const left = [1_500, 0, 0]
    const { client, waits } = clientFor(server.url, async () => left.shift() ?? 0)
    expect(await client.search('x')).toEqual([])
    expect(waits[0]).toBeGreaterThanOrEqual(1_500)
    await server.stop()
  })

  test('uses one more call of the limit for every redirect', async () => {
    let taken = 0
    const { client } = clientFor(world.tvmaze.url, async () => {
      taken++
      return 0
    })
    await client.lookup({ imdb: world.tvmaze.show(world.tvmaze.showIds.harbor)!.externals.imdb! })
    expect(taken).toBe(2)
    expect(world.tvmaze.calls().length).toBe(2)
  })
})

let people = 0
const newPerson = async (language = 'pt-br') => {
  const person = world.person(`pessoa ${people++}`, language)
  const { id } = await person.says('/start')
  return { ...person, follows: async (show: number) => (await person.forges(id, `v1:f:${show}:1:0`)).toast }
}

describe('the followed series of a chat', () => {
  const all = () => Object.values(world.tvmaze.showIds)

  test.each([
    ['pt-br', 'Você já segue 3 séries, o máximo por conversa. Remova uma em /series para abrir espaço.'],
    ['en', 'You already follow 3 series, the most a chat can follow. Remove one in /shows to make room.'],
  ])('have a limit that the bot explains (%s), and removing a series makes room', async (language, words) => {
    world.deps.limits = { ...defaultLimits, followsPerChat: 3 }
    const person = await newPerson(language)
    const [one, two, three, four] = all() as [number, number, number, number]
    for (const show of [one, two, three]) await person.follows(show)
    expect(await person.follows(four)).toBe(words)
    // A new request to follow a series that the person follows already is not refused.
    expect(await person.follows(one)).not.toBe(words)
    await followsIn(world.db).unfollow(person.chatId, `show/${two}`)
    expect(await person.follows(four)).not.toBe(words)
    expect((await followsIn(world.db).of(person.chatId, 'show/')).length).toBe(3)
  })

  test('that wait for their first fetch have a limit too; series in the catalogue do not count as waiting', async () => {
    world.deps.limits = { ...defaultLimits, waitingFollowsPerChat: 2 }
    const person = await newPerson()
    const [one, two, three, four] = all() as [number, number, number, number]
    await world.fillCatalogue(one)
    for (const show of [one, two, three]) await person.follows(show)
    expect(await person.follows(four)).toMatch(/Ainda não segui esta série: estou buscando as datas de 2 outras/)
    await followsIn(world.db).clearWaiting(two, new Date())
    expect(await person.follows(four)).toMatch(/Pronto/)
  })

  test('stay within the limit when fifty are followed in parallel, by follow and by undo', async () => {
    await chatsIn(world.db).upsert({ id: 5, kind: 'private', language: 'en' })
    const follows = followsIn(world.db)
    const limits = { followsPerChat: 7, waitingFollowsPerChat: 5 }
    const done = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        follows.followWithinLimits(5, `show/${at + 1}`, limits, at % 2 === 0 ? new Date() : null, each =>
          at % 3 === 0
            ? each.restore(5, `show/${at + 1}`, new Date()).then(() => true)
            : each.follow(5, `show/${at + 1}`, new Date()),
        ),
      ),
    )
    expect(done.filter(each => typeof each !== 'string').length).toBe(7)
    expect((await follows.of(5, 'show/')).length).toBe(7)
    const { rows } = await world.db.query<{ waiting: number }>(
      'select count(waiting_since) as waiting from follow where chat_id = 5',
    )
    expect(rows[0]!.waiting).toBeLessThanOrEqual(5)
  })
})

describe('first fetches', () => {
  const time = { now: new Date() }
  const dependencies = () => ({
    tvmaze: tvmaze(world.tvmaze.url, { callsPerTenSeconds: 10_000, attempts: 1 }),
    catalogue: world.catalogue,
    follows: followsIn(world.db),
    announcements: announcementsIn(world.db),
    cursors: cursorsIn(world.db),
    looks: looksIn(world.db),
    missingShows: missingShowsIn(world.db),
    noticeSettings: noticeSettingsIn(world.db),
    seen: seenIn(world.db),
    seriesNames: seriesNamesIn(world.db),
    skippedRecords: skippedRecordsIn(world.db),
    publish: async () => {},
    clock: () => time.now,
    log: pino({ level: 'silent' }),
  })
  const event = (chatId: number, showId: number) =>
    SeriesFollowed.from(rootCause(`press-${chatId}-${showId}`), {
      subject: `show/${showId}`,
      data: { chatId, showId, followedAt: time.now.toISOString() },
    })
  const followWaiting = async (chatId: number, showId: number, at: number) => {
    await chatsIn(world.db).upsert({ id: chatId, kind: 'private', language: 'en' })
    await followsIn(world.db).followWithinLimits(chatId, `show/${showId}`, defaultLimits, new Date(at), follows =>
      follows.follow(chatId, `show/${showId}`, new Date(at)),
    )
  }
  beforeEach(async () => {
    time.now = new Date()
    await world.db.query('truncate chat cascade')
  })

  test('alternate between chats, so that a chat with many follows does not delay another chat', async () => {
    const normal = world.tvmaze.addShow({ name: 'Honesta', on: { br: 'Globo' } }).id
    const unknown = Array.from({ length: 20 }, (_, at) => 700_000 + at)
    for (const [at, id] of unknown.entries()) await followWaiting(1, id, at)
    await followWaiting(2, normal, 1_000)
    for (const id of unknown.slice(0, 2)) await seriesFollowed(event(1, id), dependencies())
    expect(await world.catalogue.show(normal)).toMatchObject({ name: 'Honesta' })
    for (const id of unknown.slice(2)) await seriesFollowed(event(1, id), dependencies())
    await seriesFollowed(event(2, normal), dependencies())
    // The function requested each id once, and the unknown ids did not make it fail.
    const requested = world.tvmaze.calls().flatMap(({ path }) => /^\/shows\/7\d+$/.exec(path)?.[0] ?? [])
    expect(new Set(requested).size).toBe(20)
    expect(requested.length).toBe(20)
    expect(await followsIn(world.db).nextWaiting([])).toBe(null)
  })

  test('that need too many waits are given back to the broker before the delivery times out', async () => {
    const [one, two] = [1, 2].map(chat => world.tvmaze.addShow({ name: `Lenta ${chat}`, on: { br: 'Globo' } }).id)
    await followWaiting(1, one!, 1)
    const wait = async (ms: number) => {
      time.now = new Date(time.now.getTime() + ms)
    }
    const options = { clock: () => time.now, wait, longestWaitMs: 40_000, budget: slowBudget(35_000) }
    const began = time.now.getTime()
    const work = seriesFollowed(event(2, two!), { ...dependencies(), tvmaze: tvmaze(world.tvmaze.url, options) })
    await expect(work).rejects.toThrow(RetryLater)
    expect(await world.catalogue.show(one!)).toMatchObject({ name: 'Lenta 1' })
    const { triggers } = readManifests(manifestFiles(root))
    const trigger = triggers.find(({ name }) => name === 'series-refresher-series-followed')
    expect(time.now.getTime() - began).toBeLessThan(trigger!.delivery.timeoutMs!)
  })

  test('that fail are repeated for a few minutes and then left to the next tick', async () => {
    const show = world.tvmaze.addShow({ name: 'Tarde', on: { br: 'Globo' } }).id
    await followWaiting(1, show, 1)
    world.tvmaze.fail('502')
    const followed = event(1, show)
    await expect(seriesFollowed(followed, dependencies())).rejects.toThrow(RetryLater)
    time.now = new Date(time.now.getTime() + 5 * 60_000)
    await seriesFollowed(followed, dependencies())
    world.tvmaze.fail(null)
    await seriesRefresher(rootCause('round'), dependencies())
    expect(await world.catalogue.show(show)).toMatchObject({ name: 'Tarde' })
  })
})
