import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tvTimeZip } from '#test/functions/importer/tv-time-zip.ts'
import {
  deliveryModes,
  type Journey,
  repliesMatching,
  startJourney,
  timesHandled,
  waitForButton,
  waitForReply,
} from '#test/support/journey.ts'
import { announceAnEpisodeOnce, follow, inSeconds } from '#test/support/journey-steps.ts'
import { functionLogs } from '#test/support/log-lines.ts'
import { until } from '#test/support/until.ts'

describe.each(deliveryModes)('with every event %s', (_, twice) => {
  let journey: Journey
  beforeAll(async () => {
    journey = await startJourney({ twice })
  })
  afterAll(() => journey?.stop())

  const checkEpisodes = async () => {
    await journey.fire('episode-checker')
    await journey.settled()
  }

  test('an episode of a followed series is announced once, at its time, in the language and zone of each chat', async () => {
    await announceAnEpisodeOnce(journey, String(twice))
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

  test('the ZIP of a TV Time user leads to a review and to follows, and the same ZIP again doubles nothing', async () => {
    const { tvmaze, telegram } = journey
    const series = [1, 2, 3].map(at => {
      const [name, thetvdb] = [`Importada ${at}`, 700_000 + at]
      tvmaze.addShow({ name, externals: { tvrage: null, thetvdb, imdb: null } })
      return { name, thetvdb, watched: at }
    })
    const bia = telegram.user(`Bia ${twice}`)
    for (const result of [
      /Agora você segue mais 3 séries\.\n👁 Marquei 6 episódios/,
      /^Nenhuma série nova\.\n3 você já seguia\.$/,
    ]) {
      bia.sendFile({ name: 'gdpr.zip', bytes: tvTimeZip(series) })
      await waitForButton(bia, '✅ seguir 3 séries')
      bia.press('✅ seguir 3 séries')
      await waitForReply(bia, result)
    }
    await journey.settled()
    expect(bia.answers()).toHaveLength(2)
  })

  test(`functions handled all events, each event at least ${twice ? 'four times' : 'once'}`, async () => {
    const handled = await timesHandled(journey.vigia)
    const types = ['series.followed', 'episode.due', 'message.requested', 'import.requested'].map(
      name => `dev.vigia.${name}`,
    )
    expect(handled.map(({ type }) => type)).toEqual(expect.arrayContaining([...types, 'dev.knative.sources.ping']))
    expect(handled.filter(({ times }) => times < (twice ? 4 : 1))).toEqual([])
  })

  test('every log line matches the schema, and the announcement has the trace of the tick that found the episode', () => {
    const lines = functionLogs(journey.vigia.dataDir)
    const due = lines.find(line => line['event.type'] === 'dev.vigia.episode.due')
    expect(due).toMatchObject({ 'service.name': 'notification-fanout', 'event.outcome': 'success' })
    const services = lines.filter(line => line['trace.id'] === due!['trace.id']).map(line => line['service.name'])
    expect(services).toEqual(expect.arrayContaining(['episode-checker', 'notification-fanout', 'telegram-notifier']))
  })

  test('no update, event or message became a dead letter', async () => {
    expect(await journey.vigia.api('/api/dead-letters')).toEqual([])
    expect(journey.telegram.operators.transcript(journey.operator.chatId)).not.toContain('⚠️')
  })
})
