import { describe, expect, test } from 'vitest'
import { followsIn } from '#database/series/follows.ts'
import { rootCause } from '#events/event.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { seriesFollowed } from '#functions/series-refresher/series-followed.ts'
import type { NewEpisode } from '#simulators/tvmaze.ts'
import { chat, check, follow, refresh, series, until } from './actions.ts'
import { at, DAY, HOUR, later, MINUTE, now, on } from './clock.ts'
import { catalogue, database, dependencies, kinds, received, simulator, useSeries } from './support.ts'

useSeries()

describe('an episode that TVmaze deletes and creates again with another id', () => {
  test.each<[string, NewEpisode]>([
    ['a special', { airs: { at: at(0) }, season: 1, number: null, name: 'Especial de Natal' }],
    ['an episode with a number', { airs: { at: at(0) }, season: 1, number: 4, name: 'Quatro' }],
  ])('%s is not announced twice', async (_, original) => {
    const show = await series([original])
    await check()
    for (const pause of [HOUR, 40 * HOUR]) {
      simulator.deleteEpisode(simulator.show(show.id)!.episodes[0]!.id)
      later(pause)
      await refresh()
      await check()
      simulator.addEpisode(show.id, { ...original, name: original.name!.toUpperCase() })
      later(MINUTE)
      await refresh()
      await check()
    }
    expect(kinds()).toEqual(['episode.due'])
  })

  test('a special that gets a number is not announced twice', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: null, name: 'O Fim' }])
    await check()
    simulator.deleteEpisode(show.episodes[0]!.id)
    simulator.addEpisode(show.id, { airs: { at: at(0) }, season: 1, number: 9, name: 'O Fim' })
    later(HOUR)
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due'])
  })

  test.each<[string, NewEpisode, NewEpisode]>([
    [
      'a special with another name',
      { airs: { at: at(0) }, season: 1, number: null, name: 'Especial' },
      { airs: { at: at(0) }, season: 1, number: null, name: 'Especial de Natal' },
    ],
    [
      'a special dated a day earlier',
      { airs: { at: at(0) }, season: 1, number: null, name: 'Especial' },
      { airs: { at: at(-DAY) }, season: 1, number: null, name: 'Especial' },
    ],
    [
      'an episode that becomes a special',
      { airs: { at: at(0) }, season: 1, number: 9, name: 'Fim' },
      { airs: { at: at(0) }, season: 1, number: null, name: 'O Fim' },
    ],
    [
      'an episode with another number',
      { airs: { at: at(0) }, season: 1, number: 9 },
      { airs: { on: on(0) }, season: 2, number: 1 },
    ],
  ])('%s is not announced twice', async (_, original, replacement) => {
    const show = await series([original])
    await check()
    simulator.deleteEpisode(show.episodes[0]!.id)
    simulator.addEpisode(show.id, replacement)
    for (const pause of [HOUR, 12 * HOUR]) {
      later(pause)
      await refresh()
      await check()
    }
    expect(kinds()).toEqual(['episode.due'])
  })

  test('an episode that comes back as two is not announced again, and the episode with the new number is announced', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: 4 }])
    await check()
    simulator.deleteEpisode(show.episodes[0]!.id)
    for (const number of [4, 5]) simulator.addEpisode(show.id, { airs: { at: at(0) }, season: 1, number })
    later(HOUR)
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due', 'episode.due'])
    expect((await received())[1]).toContain('T1 E5')
  })

  test('a different special on the same day is announced', async () => {
    const show = await series([{ airs: { at: at(0) }, season: 1, number: null, name: 'Bastidores' }])
    await check()
    simulator.addEpisode(show.id, { airs: { at: at(0) }, season: 1, number: null, name: 'Entrevistas' })
    later(HOUR)
    await refresh()
    await check()
    expect(kinds()).toEqual(['episode.due', 'episode.due'])
  })

  test('a special that is the next episode and gets another date is reported as moved', async () => {
    const show = await series([{ airs: { at: at(3 * DAY) }, season: 1, number: null, name: 'Especial de Natal' }])
    simulator.deleteEpisode(show.episodes[0]!.id)
    simulator.addEpisode(show.id, { airs: { at: at(9 * DAY) }, season: 1, number: null, name: 'Especial de Natal' })
    later(HOUR)
    await refresh()
    expect(kinds()).toEqual(['series.changed moved'])
  })
})

describe('a series that TVmaze merged into another', () => {
  const merged = async (name = 'Farol') => {
    const old = await series([{ airs: { at: at(0) }, season: 1, number: 1 }])
    const successor = simulator.addShow({
      name,
      on: { br: 'Globo' },
      episodes: [{ airs: { at: at(0) }, season: 1, number: 1 }],
    })
    await check()
    simulator.redirectShow(old.id, successor.id)
    return { old, successor }
  }
  const followsOf = async (id: number) => (await followsIn(database.db).of(id, '')).map(({ subject }) => subject)

  test('is followed under its new id, its episodes are not announced twice, and its old id is no longer requested', async () => {
    const { old, successor } = await merged()
    await chat(2)
    await follow(2, old.id, at(-DAY))
    await follow(2, successor.id, at(-HOUR))
    await until(at(9 * DAY), 12 * HOUR)
    expect(await followsOf(1)).toEqual([`show/${successor.id}`])
    expect(await followsOf(2)).toEqual([`show/${successor.id}`])
    expect((await followsIn(database.db).find(2, `show/${successor.id}`))!.followedAt).toEqual(at(-DAY))
    expect((await received()).filter(text => text.includes('T1 E1')).length).toBe(1)
    expect(await catalogue.show(old.id)).toBe(null)
    simulator.forgetCalls()
    await until(at(10 * DAY), HOUR)
    expect(simulator.calls().filter(({ path }) => path.startsWith(`/shows/${old.id}`))).toEqual([])
  })

  test('under another name is reported only to followers of the old series', async () => {
    const { old, successor } = await merged('O Novo Farol')
    await chat(2)
    await follow(2, successor.id, at(-DAY))
    await until(at(9 * DAY), 12 * HOUR)
    expect((await received()).at(-1)).toMatch(/O Novo Farol é o novo nome de Farol/)
    expect((await received(2)).filter(text => text.includes('novo nome'))).toEqual([])
    expect(kinds().filter(kind => kind.endsWith('merged')).length).toBe(1)
    expect(await followsOf(1)).toEqual([`show/${successor.id}`])
    expect(old.id).not.toBe(successor.id)
  })

  test('through a chain of merges is followed under the last id', async () => {
    const { successor } = await merged()
    const last = simulator.addShow({ name: 'Farol', on: { br: 'Globo' } })
    simulator.redirectShow(successor.id, last.id)
    await until(at(9 * DAY), 12 * HOUR)
    expect(await followsOf(1)).toEqual([`show/${last.id}`])
  })

  test('is followed under its new id at once when a chat presses an old button, even if the catalogue lacks the old series', async () => {
    const { old, successor } = await merged()
    await catalogue.forget(old.id)
    await chat(3)
    await follow(3, old.id, now)
    const event = SeriesFollowed.from(rootCause('press'), {
      subject: `show/${old.id}`,
      data: { chatId: 3, showId: old.id, followedAt: now.toISOString() },
    })
    await seriesFollowed(event, dependencies())
    await seriesFollowed(event, dependencies())
    expect(await followsOf(3)).toEqual([`show/${successor.id}`])
    expect(await followsOf(1)).toEqual([`show/${successor.id}`])
  })

  test('in a circle of redirects does not affect other series, and the operators are notified once', async () => {
    const { old, successor } = await merged()
    simulator.redirectShow(successor.id, old.id)
    const other = simulator.addShow({ name: 'Outra', on: { br: 'Globo' }, episodes: [{ airs: { at: at(9 * DAY) } }] })
    await follow(1, other.id)
    await until(at(10 * DAY), 12 * HOUR)
    expect(kinds().filter(kind => kind === 'record.skipped').length).toBe(1)
    expect((await received()).at(-1)).toContain('Outra')
    expect(await followsOf(1)).toEqual(expect.arrayContaining([`show/${old.id}`]))
  })
})

test('an id that TVmaze never had is given up after three 404 answers over two days, and its follower is notified once', async () => {
  await chat(1)
  await follow(1, 4711)
  await until(at(3 * DAY))
  expect(kinds()).toEqual(['series.changed gone'])
  expect(await received()).toMatchObject([/Farol não está mais no TVmaze/])
  simulator.forgetCalls()
  await until(at(6 * DAY))
  expect(simulator.calls().filter(({ path }) => path === '/shows/4711')).toEqual([])
  expect(kinds()).toEqual(['series.changed gone'])
  simulator.addShow({ id: 4711, name: 'Farol', on: { br: 'Globo' } })
  await until(at(40 * DAY), 12 * HOUR)
  expect(await catalogue.show(4711)).toMatchObject({ name: 'Farol' })
})
