import { isIP } from 'node:net'
import { addressIn, type ExceededLimit, hostOf } from '#database/uptime/monitor-limits.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { UptimeSummary } from '#database/uptime/probe-hours.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { parseTarget, withoutSecrets } from '#functions/dial/target.ts'
import { type Html, html, joined, plain } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/words.ts'
import type { Answer, Button, Effect, View } from './bot.ts'
import type { Turn } from './context.ts'
import { label, pageOf, pageRow } from './pages.ts'
import { intervalIn, tcpInstead, typedMonitor } from './typed-monitor.ts'
import type { Words } from './words/words.ts'

const A_PAGE = 8
const USUAL_S = 60
const SHORTEST_S = 10
const LONGEST_S = 86_400
const SHORTEST_LIMIT_S = 1
/** Three attempts of this length and the pauses between them fit into the timeout of the uptime-prober's Service and Trigger. */
const LONGEST_LIMIT_S = 120

const say = (view: View): Answer => ({ effects: [{ do: 'send', view }] })

/** /monitorar: watches an address; the same one again takes the new interval. */
export const monitor = async (turn: Turn, argument: string): Promise<Answer> => {
  const { desk, chat, words } = turn
  if (argument === '') return say({ html: words.howToMonitor() })
  const { address: given, interval, limit } = typedMonitor(argument)
  if (given === '') return say({ html: words.howToMonitor() })
  const tcp = tcpInstead(given)
  // After a blank in a password the rest of it stands where the interval should, and is not repeated.
  const isPassword = /@|%(?:25)*40/i.test(interval)
  if (tcp !== null && !isPassword)
    return say({ html: words.tcpInstead(intervalIn(interval) === null ? tcp : `${tcp} ${interval}`) })
  const target = parseTarget(given)
  if (!target.ok) return say({ html: refusal(turn, given, target.error) })
  if (!(await mayDial(turn, target.url))) return say({ html: refusal(turn, given, 'private-address') })
  const intervalS = interval === '' ? USUAL_S : intervalIn(interval)
  if (intervalS === null && isPassword) return say({ html: refusal(turn, argument, 'credentials') })
  if (intervalS === null) return say({ html: words.intervalUnknown(label(interval)) })
  if (intervalS < SHORTEST_S) return say({ html: words.intervalShort() })
  if (intervalS > LONGEST_S) return say({ html: words.intervalLong() })
  const limitS = limit === null ? usualLimitS(intervalS) : intervalIn(limit)
  const longestLimitS = Math.min(intervalS, LONGEST_LIMIT_S)
  if (limitS === null || limitS < SHORTEST_LIMIT_S || limitS > longestLimitS)
    return say({ html: words.limitRefused(sayDuration(longestLimitS * 1000, chat.language)) })

  const { kind, url, name } = target
  const host = hostOf(url)
  const address = addressIn(host) ?? (await desk.addressOf(host))
  const timeoutMs = limitS * 1000
  const { personId, threadId } = turn.place
  const added = await desk.monitors.addWithinLimits(
    { chatId: chat.id, kind, url, name, intervalS, timeoutMs, personId, address, threadId },
    desk.limits,
  )
  if ('over' in added) return say({ html: overLimit(turn, added.over, host) })
  const { monitor: kept, isNew } = added
  const duration = sayDuration(intervalS * 1000, chat.language)
  const every = limit === null ? duration : `${duration} (${words.timeLimit(sayDuration(timeoutMs, chat.language))})`
  // Not "isNew": when this update is handled again, the monitor is there already, and its first check may not be.
  const unchecked = kept.judgedAt === null
  if (!isNew && !unchecked) return say({ html: words.monitorUpdated(name, every) })
  const mayLook = unchecked && (await look(turn, kept.id, 'first'))
  return {
    effects: [
      { do: 'send', view: { html: mayLook ? words.monitorAdded(name, every) : words.monitorAddedLater(name, every) } },
    ],
    events: mayLook ? [probe(turn, kept, 'first')] : [],
  }
}

/** One attempt leaves room for the two that confirm a failure. */
const usualLimitS = (intervalS: number) => Math.min(10, intervalS / 2)

/** What a person typed who may have wanted to have it watched: how to do that, or why it cannot be. */
export const suggestion = (turn: Turn, text: string): Answer => {
  const tcp = tcpInstead(text)
  if (tcp !== null) return say({ html: turn.words.tcpInstead(tcp) })
  const target = parseTarget(text)
  return say({ html: target.ok ? turn.words.looksLikeAddress(text) : refusal(turn, text, target.error) })
}

/** Why it is not watched, and what to do about it. */
const overLimit = ({ desk: { limits }, words }: Turn, over: ExceededLimit, host: string): Html => {
  switch (over) {
    case 'chat':
      return words.monitorsFull(limits.monitorsPerChat)
    case 'person':
      return words.monitorsFullForPerson(limits.monitorsPerPerson)
    case 'personHost':
      return words.hostFullForPerson(host, limits.personHostChecksPerMinute)
    case 'host':
      return words.hostFull(host, limits.hostChecksPerMinute)
    default:
      return over satisfies never
  }
}

/** Looks on demand that a host bears in quick succession, over all its monitors. */
const HOST_BURST = 3
/** A first look is part of asking for a monitor, so it does not use up "check now"; but asking again is no second look. */
const FIRST_LOOK_S = 60

/** Whether a monitor may be looked at now, beside its plan. */
const look = async ({ desk, cause }: Turn, monitorId: number, why: 'first' | 'now'): Promise<boolean> => {
  const { host, address } = await desk.monitors.hostOf(monitorId)
  const seconds = desk.limits.lookSeconds
  const own =
    why === 'now'
      ? { subject: `monitor/${monitorId}`, seconds, burst: 1 }
      : { subject: `first/${monitorId}`, seconds: FIRST_LOOK_S, burst: 1 }
  const shared = [`host/${host}`, ...(address === null ? [] : [`address/${address}`])]
  return desk.looks.take(
    [own, ...shared.map(subject => ({ subject, seconds, burst: HOST_BURST }))],
    cause.id,
    desk.clock(),
  )
}

const refusal = ({ chat, words }: Turn, address: string, error: ProbeErrorCode) => {
  // `user:password@host` without a scheme: what stands before the colon is none.
  const why = /^(?!mailto:)[^\s/]+:\S*@\S/i.test(address) ? 'credentials' : error
  return words.addressRefused(
    label(withoutSecrets(address)),
    words.refusals[why as keyof Words['refusals']] ?? sayProbeError(why, chat.language),
  )
}

/** Addresses written out are looked at here; names are, whenever they are dialled, by the prober. */
const mayDial = async ({ desk }: Turn, url: string): Promise<boolean> => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (/(^|\.)localhost$/.test(host)) return (await desk.mayDial('127.0.0.1')) || desk.mayDial('::1')
  return isIP(host) === 0 || desk.mayDial(host)
}

const probe = ({ desk, chat, cause, place: { threadId } }: Turn, monitor: Monitor, why: 'first' | 'now') =>
  ProbeRequested.from(cause, {
    subject: `monitor/${monitor.id}`,
    data: {
      reason: why,
      chatId: chat.id,
      ...(threadId === undefined ? {} : { threadId }),
      checks: [
        {
          monitorId: monitor.id,
          kind: monitor.kind,
          url: monitor.url,
          timeoutMs: monitor.timeoutMs,
          intervalS: monitor.intervalS,
          dueAt: desk.clock().toISOString(),
        },
      ],
    },
  })

/** As a person sees it: paused, and unknown where nobody has looked for too long, are states too. */
type Standing = keyof Words['monitorState']

const standingOf = ({ state, pausedAt, judgedAt, intervalS }: Monitor, now: Date): Standing => {
  if (pausedAt) return 'paused'
  if (judgedAt === null) return 'new'
  if (state === 'new') return 'resumed'
  const silentMs = now.getTime() - judgedAt.getTime()
  return silentMs > Math.max(3 * intervalS, 120) * 1000 ? 'unknown' : state
}

const light: Record<Standing, string> = { up: '🟢', down: '🔴', new: '⚪', resumed: '⚪', unknown: '⚪', paused: '⏸' }
/** What needs a person comes first. */
const order: Standing[] = ['down', 'unknown', 'new', 'resumed', 'up', 'paused']

const ago = (from: Date, now: Date, { chat }: Turn) => sayDuration(now.getTime() - from.getTime(), chat.language)

const lastDay = (now: Date) => new Date(now.getTime() - 86_400_000)

/** Rounded down: 99.996 % is not 100 %. */
const percent = ({ uptime }: UptimeSummary, { chat }: Turn): string | null =>
  uptime === null
    ? null
    : new Intl.NumberFormat(chat.language, {
        style: 'percent',
        maximumFractionDigits: 2,
        roundingMode: 'floor',
      } as Intl.NumberFormatOptions).format(uptime)

/** All of a chat's monitors, each with its state, its uptime of 24 hours and the age of its last check. */
export const monitorsList = async (turn: Turn, page: number): Promise<View> => {
  const { desk, chat, words } = turn
  const now = desk.clock()
  const all = await desk.monitors.of(chat.id)
  if (all.length === 0) return { html: words.monitorsNone() }
  const sorted = all
    .map(monitor => ({ monitor, standing: standingOf(monitor, now) }))
    .sort((one, other) => order.indexOf(one.standing) - order.indexOf(other.standing))
  const { items, at, pages } = pageOf(sorted, page, A_PAGE)
  const uptime = await desk.probeHours.uptime(
    items.map(({ monitor }) => monitor.id),
    lastDay(now),
  )
  return {
    html: joined(
      [
        words.monitorsTitle(all.length),
        ...items.map(({ monitor, standing }) => {
          const tally = uptime.get(monitor.id)
          const share = tally && percent(tally, turn)
          const checked = monitor.judgedAt && words.lastCheck(ago(monitor.judgedAt, now, turn))
          return joined([
            html`${light[standing]} <b>${monitor.name}</b>: ${words.monitorState[standing]}`,
            joined([share && words.uptimeDay(share), checked], ' · '),
          ])
        }),
      ],
      '\n\n',
    ),
    buttons: [
      ...items.map(({ monitor, standing }): Button[] => [
        { text: label(`${light[standing]} ${monitor.name}`), press: { act: 'monitor', monitor: monitor.id } },
      ]),
      ...pageRow(at, pages, to => ({ act: 'monitors', page: to })),
    ],
  }
}

const monitorCard = async (turn: Turn, monitor: Monitor): Promise<View> => {
  const { desk, chat, words } = turn
  const now = desk.clock()
  const standing = standingOf(monitor, now)
  const tally = (await desk.probeHours.uptime([monitor.id], lastDay(now))).get(monitor.id)
  const share = tally && percent(tally, turn)
  const state = words.monitorState[standing]
  const since = standing === 'up' || standing === 'down' ? monitor.stateSince : null
  const { id } = monitor
  const toggle: Button = monitor.pausedAt
    ? { text: words.resume, press: { act: 'resume', monitor: id } }
    : { text: words.pause, press: { act: 'pause', monitor: id } }
  return {
    html: joined(
      [
        joined([html`${light[standing]} <b>${monitor.name}</b>`, html`<code>${monitor.url}</code>`]),
        joined([
          since ? words.stateSince(state, ago(since, now, turn)) : state,
          joined(
            [
              share ? words.uptimeDay(share) : words.uptimeUnknown,
              tally?.averageMs != null &&
                words.averageResponse(`${new Intl.NumberFormat(chat.language).format(Math.round(tally.averageMs))} ms`),
            ],
            ' · ',
          ),
          joined(
            [
              words.everyInterval(sayDuration(monitor.intervalS * 1000, chat.language)),
              monitor.timeoutMs > usualLimitS(monitor.intervalS) * 1000 &&
                words.timeLimit(sayDuration(monitor.timeoutMs, chat.language)),
            ],
            ' · ',
          ),
          monitor.judgedAt ? words.lastCheck(ago(monitor.judgedAt, now, turn)) : words.neverChecked,
        ]),
      ],
      '\n\n',
    ),
    buttons: [
      ...(monitor.pausedAt ? [] : [[{ text: words.check, press: { act: 'check', monitor: id } } satisfies Button]]),
      [toggle, { text: words.delete, press: { act: 'delete', monitor: id } }],
      [{ text: words.backToList, press: { act: 'monitors', page: 0 } }],
    ],
  }
}

/** The buttons under a monitor. Every one looks first whether the monitor is this chat's own. */
type MonitorAct = 'monitor' | 'check' | 'pause' | 'resume' | 'delete' | 'deleteNow'

const lookedJustNow = (turn: Turn, monitor: Monitor): string => {
  const { desk, words } = turn
  const now = desk.clock()
  const checked = monitor.judgedAt && words.lastCheck(ago(monitor.judgedAt, now, turn))
  return words.lookedJustNow(words.monitorState[standingOf(monitor, now)], checked)
}

export const pressedMonitor = async (turn: Turn, act: MonitorAct, id: number): Promise<Answer> => {
  const { desk, chat, words } = turn
  const gone = async (): Promise<Answer> => ({
    effects: [
      { do: 'toast', text: words.monitorGone },
      { do: 'edit', view: await monitorsList(turn, 0) },
    ],
  })
  const shown = async (monitor: Monitor | null, text?: string): Promise<Answer> => {
    if (!monitor) return gone()
    const toast: Effect[] = text === undefined ? [] : [{ do: 'toast', text }]
    return { effects: [...toast, { do: 'edit', view: await monitorCard(turn, monitor) }] }
  }
  if (act === 'pause') return shown(await desk.monitors.pause(chat.id, id), words.paused)
  if (act === 'resume') {
    const resumed = await desk.monitors.resumeWithinLimits(chat.id, id, turn.place.personId, desk.limits)
    if (resumed === null || !('over' in resumed)) return shown(resumed, words.resumed)
    const { host } = await desk.monitors.hostOf(id)
    return { effects: [{ do: 'toast', text: plain(overLimit(turn, resumed.over, host)), alert: true }] }
  }
  if (act === 'deleteNow') {
    const removed = await desk.monitors.remove(chat.id, id)
    if (!removed) return gone()
    return {
      effects: [
        { do: 'toast', text: words.deleted(removed.name) },
        { do: 'edit', view: await monitorsList(turn, 0) },
      ],
    }
  }
  const found = await desk.monitors.get(id)
  const monitor = found?.chatId === chat.id ? found : null
  // "Check now" also stands under news of a monitor, which shall stay what they are.
  if (act === 'check') {
    if (!monitor) return { effects: [{ do: 'toast', text: words.monitorGone }] }
    if (monitor.pausedAt) return { effects: [{ do: 'toast', text: words.paused }] }
    if (!(await look(turn, id, 'now'))) return { effects: [{ do: 'toast', text: lookedJustNow(turn, monitor) }] }
    return { effects: [{ do: 'toast', text: words.checking }], events: [probe(turn, monitor, 'now')] }
  }
  if (act === 'monitor' || !monitor) return shown(monitor)
  const { name } = monitor
  const buttons: Button[][] = [
    [{ text: label(words.deleteYes(name)), press: { act: 'deleteNow', monitor: id } }],
    [{ text: words.deleteNo, press: { act: 'monitor', monitor: id } }],
  ]
  return { effects: [{ do: 'edit', view: { html: words.deleteSure(name), buttons } }] }
}
