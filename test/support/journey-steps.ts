import { expect } from 'vitest'
import { repliesMatching, type Simulators, waitForReply } from './journey.ts'
import { until } from './until.ts'

/** An installation of Vigia that the journeys use: on one machine or on Knative. */
export interface JourneyTarget extends Pick<Simulators, 'telegram' | 'tvmaze' | 'sites'> {
  /** The URL of the sites, as the prober reaches them. */
  sitesUrl: string
  /** Fires a PingSource once, and waits until the broker has accepted the tick. */
  fire(source: string): Promise<void>
  /** Waits until no event is pending. */
  settled(): Promise<unknown>
}

/** Where jobs ping the function `heartbeat` of an installation, and where a journey makes time pass for it. */
export interface JobTarget extends JourneyTarget {
  /** Sends a ping as a job does, from outside of the installation, and returns the status of the response. */
  ping(path: string): Promise<number>
  /** Runs a statement in Vigia's database. */
  sql(statement: string): Promise<unknown>
}

/** Where visitors read the status pages of an installation. */
export interface PageTarget extends JourneyTarget {
  /** Reads a path of `status-page` as a visitor does, from outside of the installation. */
  visit(path: string): Promise<{ status: number; body: string }>
  /** Waits until no process of `status-page` is running. */
  withoutVisitors(): Promise<unknown>
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
export const announceAnEpisodeOnce = async (target: JourneyTarget, suffix: string): Promise<void> => {
  const { tvmaze, telegram } = target
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
  await target.settled()

  const airs = inSeconds(4)
  tvmaze.addEpisode(show.id, { airs: { at: airs }, season: 2, number: 5, name: 'A vigília' })
  await target.fire('series-refresher')
  await target.settled()
  await until(() => Date.now() > airs.getTime(), { what: 'the time of the episode' })
  await target.fire('episode-checker')
  await until(() => repliesMatching(ana, /A vigília/).length > 0 && repliesMatching(bob, /A vigília/).length > 0, {
    what: 'the announcement',
    timeoutMs: 45_000,
  })
  await target.fire('episode-checker')
  await target.settled()

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
  target: JourneyTarget,
  person: string,
  { path = '/loja', whileFailing = async () => {}, timeoutMs = 60_000 }: OutageOptions = {},
): Promise<void> => {
  const { telegram, sites } = target
  sites.set(path, { kind: 'switch', on: true })
  const ana = telegram.user(person, { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  ana.send(`/monitorar ${target.sitesUrl}${path} 10s`)
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
  await target.settled()

  const [down] = repliesMatching(ana, /saiu do ar/)
  const [up] = repliesMatching(ana, /voltou ao ar/)
  expect(repliesMatching(ana, /saiu do ar/)).toHaveLength(1)
  expect(repliesMatching(ana, /voltou ao ar/)).toHaveLength(1)
  expect(up!.replyTo).toBe(down!.id)
  // The duration is a bound when checks around the end of the outage could not run.
  expect(up!.text).toMatch(/Ficou fora por (no máximo |pelo menos |cerca de )?\d+ (s|min)/s)
  expect(up!.silent).toBe(true)
  expect(down!.text).toContain('500')
}

/** A job pings, misses its deadline and pings again. The person gets one message about each, the second as a reply. */
export const reportAMissedPingOnce = async (target: JobTarget, person: string): Promise<void> => {
  const ana = target.telegram.user(person, { language: 'pt-br' })
  const job = `relatório de ${person}`
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  ana.send(`/batimento ${job} 0 3 * * *`)
  await waitForReply(ana, new RegExp(`Espero um sinal de ${job}`))
  const address = ana
    .answers()
    .flatMap(({ buttons }) => buttons.flat())
    .findLast(({ copy }) => copy?.includes('/ping/'))!.copy!
  const path = address.slice(address.indexOf('/ping/'))
  const ping = () =>
    // While the function starts, the ingress may answer that it is unavailable; a job then sends its ping again.
    until(async () => (await target.ping(path)) === 200, { what: 'the ping to be taken', timeoutMs: 60_000 })

  await ping()
  ana.send('/monitores')
  await waitForReply(ana, new RegExp(`${job}: .*\\n(.* · )?último sinal há`))
  await target.settled()

  // The last ping came three days ago. The check of the deadlines computes the deadline again from these times.
  const token = path.slice('/ping/'.length)
  await target.sql(
    `with job as (
       update heartbeat set last_ping_at = now() - interval '3 days', expected_after = now() - interval '3 days',
         late_at = now() - interval '2 days' where token = '${token}' returning monitor_id
     )
     update monitor set active_since = now() - interval '4 days' where id in (select monitor_id from job)`,
  )
  const late = new RegExp(`🔴 ${job} não deu sinal`)
  await until(() => repliesMatching(ana, late).length > 0, { what: 'the message about the ping', timeoutMs: 120_000 })
  await target.settled()
  await ping()
  const back = new RegExp(`🟢 ${job} deu sinal de novo`)
  await until(() => repliesMatching(ana, back).length > 0, { what: 'the message that it pings', timeoutMs: 120_000 })
  await target.settled()

  const [down] = repliesMatching(ana, late)
  const [up] = repliesMatching(ana, back)
  expect(down!.text).toMatch(/Esperado: pelo cron 0 3 \* \* \* \(.*\), com tolerância de 1 h/)
  expect(up!.replyTo).toBe(down!.id)
  expect(up!.silent).toBe(true)
  expect(repliesMatching(ana, late)).toHaveLength(1)
  expect(repliesMatching(ana, back)).toHaveLength(1)
}

/**
 * A person makes a status page in the chat. It shows an outage and its end to a visitor, and its function is started by
 * the visitor.
 */
export const showAnOutageOnAPage = async (target: PageTarget, person: string, site: string): Promise<void> => {
  const { telegram, sites } = target
  const ana = telegram.user(person, { language: 'pt-br' })
  sites.set(site, { kind: 'switch', on: true })
  ana.send(`/monitorar ${target.sitesUrl}${site} 10s`)
  await waitForReply(ana, /está no ar/)
  ana.send(`/pagina Página de ${person}`)
  await waitForReply(ana, /🔒 Secreta/)
  const card = ana.answers().findLast(({ text }) => text.includes('🔒 Secreta'))!
  const address = card.buttons.flat().find(({ text }) => text === 'copiar endereço')!.copy!
  const path = address.slice(address.indexOf('/status/'))
  const shows = (words: RegExp) =>
    until(
      async () => {
        const { status, body } = await target.visit(`${path}?lang=en`)
        return status === 200 && words.test(body)
      },
      { what: `the page to show ${words}`, timeoutMs: 120_000 },
    )

  await target.withoutVisitors()
  await shows(new RegExp(`<h1>Página de ${person}</h1>`))
  await shows(/All systems operational/)
  sites.turn(site, false)
  await shows(/The service is down.*down for \d+ (s|min)/s)
  await target.withoutVisitors()
  sites.turn(site, true)
  await shows(/All systems operational.*lasted \d+ (s|min)/s)
  // The page can show the end before its message is sent, and the next journey counts only its own events.
  await until(() => repliesMatching(ana, /voltou ao ar/).length > 0, {
    what: 'the message that the site is up',
    timeoutMs: 60_000,
  })
  await target.settled()
}
