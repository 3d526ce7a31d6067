import { describe, expect, test } from 'vitest'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { wantedSeries } from '#functions/telegram-webhook/wanted-series.ts'
import { comparableName } from '#functions/wording/fold.ts'
import type { NewShow } from '#simulators/tvmaze.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const gb = { name: 'United Kingdom', code: 'GB', timezone: 'Europe/London' }
const br = { name: 'Brazil', code: 'BR', timezone: 'America/Sao_Paulo' }

const atTvmaze = (show: NewShow) => world.tvmaze.addShow(show).id
/** Adds a series to TVmaze, and to the catalogue with its names, as series-refresher does. */
const inCatalogue = async (show: NewShow) => {
  const id = atTvmaze(show)
  await world.fillCatalogue(id)
  const { name, names } = (await world.catalogue.show(id))!
  await seriesNamesIn(world.db).save(id, [name, ...(names.others ?? [])].map(comparableName))
  return id
}
const searchCalls = () => world.tvmaze.calls().filter(({ path }) => path.startsWith('/search')).length
const firstLine = ({ text }: { text: string }) => text.split('\n')[0]

test.each<[string, string, string | null]>([
  ['The Office 2005', 'The Office', '2005'],
  ['The Office (2005)', 'The Office', '2005'],
  ['the office, 2005', 'the office', '2005'],
  ['1923', '1923', null],
  ['(1923)', '(1923)', null],
  ['Space: 1999', 'Space:', '1999'],
  ['Blade Runner 2049 x', 'Blade Runner 2049 x', null],
])('of %j, the name is %j and the year is %j', (query, name, year) => {
  expect(wantedSeries(query)).toEqual({ name, year })
})

describe('a search', () => {
  test('finds a series by its name with the year, and still offers its namesakes', async () => {
    atTvmaze({ name: 'Repartição', premiered: '2001-07-09' })
    atTvmaze({ name: 'Repartição', premiered: '2005-03-24' })
    const person = newPerson()
    const card = await person.says('reparticao 2005')
    expect(firstLine(card)).toBe('Repartição (2005)')
    expect(labels(card)[1]).toEqual(['1/2', '›'])
    expect(firstLine(await person.says('Repartição (2001)'))).toBe('Repartição (2001)')
  })

  test('finds a series whose name ends with a year, although it began in another year', async () => {
    atTvmaze({ name: 'Colônia 1999', premiered: '1975-09-04' })
    expect(firstLine(await newPerson().says('colonia 1999'))).toBe('Colônia 1999 (1975)')
  })

  test('finds a series of the catalogue by its Brazilian name without a call to TVmaze; a button asks TVmaze for others', async () => {
    await inCatalogue({ name: 'Severed', premiered: '2022-02-18', akas: [{ name: 'Ruptura', country: br }] })
    atTvmaze({ name: 'Ruptura', premiered: '2011-01-01' })
    const person = newPerson()
    const before = searchCalls()
    const card = await person.says('rúptura')
    expect(firstLine(card)).toBe('Ruptura (Severed, 2022)')
    expect(searchCalls()).toBe(before)
    const { shown } = await person.presses('🔎 outras séries com esse nome', card.id)
    expect(firstLine(shown)).toBe('Ruptura (2011)')
    expect(labels(shown)[1]).toEqual(['‹', '2/2'])
    const back = await person.presses('‹', card.id)
    expect(firstLine(back.shown)).toBe('Ruptura (Severed, 2022)')
    expect(labels(back.shown).flat()).not.toContain('🔎 outras séries com esse nome')
  })

  test('says so if TVmaze has no other series with the name', async () => {
    await inCatalogue({ name: 'La casa de cartón', premiered: '2017-05-02' })
    const person = newPerson()
    const card = await person.says('La Casa de Carton')
    const { toast, shown } = await person.presses('🔎 outras séries com esse nome', card.id)
    expect(toast).toBe('Não achei outra série com esse nome.')
    expect(firstLine(shown)).toBe('La casa de cartón (2017)')
  })

  test('finds a misspelled name, at TVmaze and in the catalogue while TVmaze is unavailable', async () => {
    await inCatalogue({ name: 'Perseverance', premiered: '2022-02-18' })
    const person = newPerson()
    expect(firstLine(await person.says('Perseverence'))).toBe('Perseverance (2022)')
    world.tvmaze.fail('down')
    expect(firstLine(await person.says('perseverence'))).toBe('Perseverance (2022)')
    expect(firstLine(await person.says('Perseverance'))).toBe('Perseverance (2022)')
  })

  test('says the country of series with the same name', async () => {
    atTvmaze({
      name: 'Assombrações',
      premiered: '2019-04-15',
      network: { id: 9_801, name: 'Um', country: gb, officialSite: null },
    })
    atTvmaze({ name: 'Assombrações', premiered: '2019-10-07', on: { us: 'Dois' } })
    const person = newPerson()
    const card = await person.says('assombrações')
    expect(card.text).toContain('Um · Reino Unido · ')
    expect((await person.presses('›', card.id)).shown.text).toContain('Dois · Estados Unidos · ')
  })
})
