import { expect } from 'vitest'
import { repliesMatching, type Simulators, waitForReply } from './journey.ts'
import { until } from './until.ts'

/** An installation of Vigia that the journeys use: on one machine or on Knative. */
export interface JourneyPlace extends Pick<Simulators, 'telegram' | 'tvmaze' | 'sites'> {
  /** The URL of the sites, as the prober reaches them. */
  sitesUrl: string
  /** Fires a PingSource once, and waits until the broker has accepted the tick. */
  fire(source: string): Promise<void>
  /** Waits until no event is pending. */
  settled(): Promise<unknown>
}

export const inSeconds = (seconds: number) => new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000)

/** Follows a show as a person does: sends the name of the show, then presses the button. */
export const follow = async (
  name: string,
  person: ReturnType<Simulators['telegram']['user']>,
  button = 'seguir',
): Promise<void> => {
  person.send(name)
  await waitForReply(person, new RegExp(name))
  person.press(button)
  await until(
    () => person.answers().some(({ buttons }) => buttons.flat().some(({ text }) => /seguindo|following/.test(text))),
    { what: `${person.name} to follow ${name}`, timeoutMs: 45_000 },
  )
}

/** Two people follow a show, an episode comes due, and each gets exactly one message. `suffix` makes names unique. */
export const announceAnEpisodeOnce = async (place: JourneyPlace, suffix: string): Promise<void> => {
  const { tvmaze, telegram } = place
  const name = `Jornada de Teste ${suffix}`
  const show = tvmaze.addShow({
    name,
    on: { us: 'Meridian' },
    episodes: [{ airs: { at: new Date(Date.now() - 90 * 86_400_000) }, season: 2, number: 4, name: 'Há muito tempo' }],
  })
  const ana = telegram.user(`Ana ${suffix}`, { language: 'pt-br' })
  const bob = telegram.user(`Bob ${suffix}`, { language: 'en' })
  ana.send('/start')
  bob.send('/start')
  await waitForReply(ana, /Vigia/)
  await waitForReply(bob, /Vigia/)
  bob.send('/timezone Lisbon')
  await waitForReply(bob, /Lisbon/)
  await follow(name, ana)
  await follow(name, bob, 'follow')
  await place.settled()

  const airs = inSeconds(4)
  tvmaze.addEpisode(show.id, { airs: { at: airs }, season: 2, number: 5, name: 'A vigília' })
  await place.fire('series-refresher')
  await place.settled()
  await until(() => Date.now() > airs.getTime(), { what: 'the time of the episode' })
  await place.fire('episode-checker')
  await until(() => repliesMatching(ana, /A vigília/).length > 0 && repliesMatching(bob, /A vigília/).length > 0, {
    what: 'the announcement',
    timeoutMs: 45_000,
  })
  await place.fire('episode-checker')
  await place.settled()

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
  expect(repliesMatching(ana, /Há muito tempo/), 'nothing of the past is announced').toEqual([])
}

interface OutageOptions {
  path?: string
  /** Runs as soon as the first check has failed. */
  whileFailing?: () => Promise<unknown>
  /** The timeout of the wait for each of the two messages; 60 s by default. */
  timeoutMs?: number
}

/** A site fails and recovers. The person gets one message about each, and the second is a reply to the first. */
export const reportAnOutageOnce = async (
  place: JourneyPlace,
  person: string,
  { path = '/loja', whileFailing = async () => {}, timeoutMs = 60_000 }: OutageOptions = {},
): Promise<void> => {
  const { telegram, sites } = place
  sites.set(path, { kind: 'switch', on: true })
  const ana = telegram.user(person, { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  ana.send(`/monitorar ${place.sitesUrl}${path} 10s`)
  await waitForReply(ana, /está no ar/)

  const failedHits = () => sites.hits(path).filter(({ status }) => status !== 200)
  sites.turn(path, false)
  await until(() => failedHits().length > 0, { what: 'a failed check', timeoutMs: 60_000 })
  await whileFailing()
  await until(() => repliesMatching(ana, /saiu do ar/).length > 0, {
    what: 'the message that the site is down',
    timeoutMs,
  })
  const failures = failedHits()
  expect(failures.length, 'a failure is confirmed before the message').toBeGreaterThanOrEqual(3)

  sites.turn(path, true)
  await until(() => repliesMatching(ana, /voltou ao ar/).length > 0, {
    what: 'the message that the site is up',
    timeoutMs,
  })
  await place.settled()

  const [down] = repliesMatching(ana, /saiu do ar/)
  const [up] = repliesMatching(ana, /voltou ao ar/)
  expect(repliesMatching(ana, /saiu do ar/)).toHaveLength(1)
  expect(repliesMatching(ana, /voltou ao ar/)).toHaveLength(1)
  expect(up!.replyTo).toBe(down!.id)
  // The duration is a bound when checks around the end of the outage could not run.
  expect(up!.text).toMatch(/Ficou fora por (no máximo |pelo menos |cerca de )?\d+ (s|min)/)
  expect(up!.silent).toBe(true)
  expect(down!.text).toContain('500')
}
