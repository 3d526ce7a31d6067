import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  deliveryModes,
  type Journey,
  repliesMatching,
  startJourney,
  timesHandled,
  waitForReply,
} from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'

const inSeconds = (seconds: number) => new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000)

describe.each(deliveryModes)('with every event %s', (_, twice) => {
  let journey: Journey
  beforeAll(async () => {
    journey = await startJourney({ twice })
  })
  afterAll(() => journey?.stop())

  /** Follows a show like a person: sends its name, then presses the button. */
  const follow = async (name: string, person: ReturnType<Journey['telegram']['user']>, button = 'seguir') => {
    person.send(name)
    await waitForReply(person, new RegExp(name))
    person.press(button)
    await until(
      () => person.answers().some(({ buttons }) => buttons.flat().some(({ text }) => /seguindo|following/.test(text))),
      {
        what: `${person.name} to follow ${name}`,
      },
    )
  }
  const checkEpisodes = async () => {
    await journey.fire('episode-checker')
    await journey.settled()
  }

  test('an episode of a followed series is announced once, at its time, in the language and zone of each chat', async () => {
    const { tvmaze, telegram } = journey
    const show = tvmaze.addShow({
      name: 'Jornada de Teste',
      on: { us: 'Meridian' },
      episodes: [
        { airs: { at: new Date(Date.now() - 90 * 86_400_000) }, season: 2, number: 4, name: 'Há muito tempo' },
      ],
    })
    const ana = telegram.user(`Ana ${twice}`, { language: 'pt-br' })
    const bob = telegram.user(`Bob ${twice}`, { language: 'en' })
    ana.send('/start')
    bob.send('/start')
    await waitForReply(ana, /Vigia/)
    await waitForReply(bob, /Vigia/)
    bob.send('/timezone Lisbon')
    await waitForReply(bob, /Lisbon/)
    await follow('Jornada de Teste', ana)
    await follow('Jornada de Teste', bob, 'follow')
    await journey.settled()

    const airs = inSeconds(4)
    tvmaze.addEpisode(show.id, { airs: { at: airs }, season: 2, number: 5, name: 'A vigília' })
    await journey.fire('series-refresher')
    await journey.settled()
    await until(() => Date.now() > airs.getTime(), { what: 'the time of the episode' })
    await checkEpisodes()
    await until(() => repliesMatching(ana, /A vigília/).length > 0 && repliesMatching(bob, /A vigília/).length > 0, {
      what: 'the announcement',
      timeoutMs: 45_000,
    })
    await checkEpisodes()

    const clock = (zone: string, language: string) =>
      new Intl.DateTimeFormat(language, { timeStyle: 'short', timeZone: zone }).format(airs).replace(/\u202f/g, ' ')
    const [toAna] = repliesMatching(ana, /A vigília/)
    const [toBob] = repliesMatching(bob, /A vigília/)
    expect(repliesMatching(ana, /A vigília/)).toHaveLength(1)
    expect(repliesMatching(bob, /A vigília/)).toHaveLength(1)
    expect(toAna!.text).toContain('T2 E5')
    expect(toAna!.text).toContain(`${clock('America/Sao_Paulo', 'pt-BR')} (horário de Brasília)`)
    expect(toBob!.text).toContain(`${clock('Europe/Lisbon', 'en')} (Lisbon time)`)
    expect(toAna!.buttons.flat()).toContainEqual(expect.objectContaining({ text: 'TVmaze' }))
    expect(repliesMatching(ana, /Há muito tempo/), 'past episodes are not announced').toEqual([])
  })

  test('eight episodes that air at one instant are announced in one message', async () => {
    const { tvmaze, telegram } = journey
    const show = tvmaze.addShow({ name: 'Maratona de Teste', on: { us: 'Meridian' }, episodes: [] })
    const ana = telegram.user(`Ana ${twice}`)
    await follow('Maratona de Teste', ana)
    const airs = inSeconds(4)
    for (let number = 1; number <= 8; number++)
      tvmaze.addEpisode(show.id, { airs: { at: airs }, season: 1, number, name: `Parte ${number}` })
    await journey.fire('series-refresher')
    await journey.settled()
    await until(() => Date.now() > airs.getTime(), { what: 'the time of the episodes' })
    await checkEpisodes()
    await until(() => repliesMatching(ana, /T1 E1–E8/).length > 0, { what: 'the announcement', timeoutMs: 45_000 })
    await checkEpisodes()
    expect(repliesMatching(ana, /T1 E/)).toHaveLength(1)
    expect(repliesMatching(ana, /T1 E/)[0]!.text).toContain('8 episódios')
  })

  test(`functions handled all events, each event ${twice ? 'four times' : 'once'}`, async () => {
    const handled = await timesHandled(journey.vigia)
    const types = ['series.followed', 'episode.due', 'message.requested'].map(name => `dev.vigia.${name}`)
    expect(handled.map(({ type }) => type)).toEqual(expect.arrayContaining([...types, 'dev.knative.sources.ping']))
    expect(handled.filter(({ times }) => times < (twice ? 4 : 1))).toEqual([])
  })

  test('no update, event or message became a dead letter', async () => {
    expect(await journey.vigia.api('/api/dead-letters')).toEqual([])
    expect(journey.telegram.operators.transcript(journey.operator.chatId)).not.toContain('⚠️')
  })
})
