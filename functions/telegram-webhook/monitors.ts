import { isIP } from 'node:net'
import { addressIn, type ExceededLimit, hostOf } from '#database/uptime/monitor-limits.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { UptimeSummary } from '#database/uptime/probe-hours.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { parseTarget, withoutSecrets } from '#functions/dial/target.ts'
import { type Html, html, joined, plain } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import type { ChatContext } from './context.ts'
import type { BotMessages } from './messages/messages.ts'
import { label, pageOf, pageRow } from './pages.ts'
import { type Button, type Effect, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { intervalIn, tcpInstead, typedMonitor } from './typed-monitor.ts'

const A_PAGE = 8
const USUAL_S = 60
const SHORTEST_S = 10
const LONGEST_S = 86_400
const SHORTEST_LIMIT_S = 1
/** Three attempts of this length and the pauses between them fit into the timeout of the uptime-prober's Service and Trigger. */
const LONGEST_LIMIT_S = 120

/** /monitorar: watches an address; the same one again takes the new interval. */
export const monitor = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  if (argument === '') return sendReply({ html: messages.howToMonitor() })
  const { address: given, interval, limit } = typedMonitor(argument)
  if (given === '') return sendReply({ html: messages.howToMonitor() })
  const tcp = tcpInstead(given)
  // After a blank in a password the rest of it stands where the interval should, and is not repeated.
  const isPassword = /@|%(?:25)*40/i.test(interval)
  if (tcp !== null && !isPassword)
    return sendReply({ html: messages.tcpInstead(intervalIn(interval) === null ? tcp : `${tcp} ${interval}`) })
  const target = parseTarget(given)
  if (!target.ok) return sendReply({ html: refusal(context, given, target.error) })
  if (!(await mayDial(context, target.url))) return sendReply({ html: refusal(context, given, 'private-address') })
  const intervalS = interval === '' ? USUAL_S : intervalIn(interval)
  if (intervalS === null && isPassword) return sendReply({ html: refusal(context, argument, 'credentials') })
  if (intervalS === null) return sendReply({ html: messages.intervalUnknown(label(interval)) })
  if (intervalS < SHORTEST_S) return sendReply({ html: messages.intervalShort() })
  if (intervalS > LONGEST_S) return sendReply({ html: messages.intervalLong() })
  const limitS = limit === null ? usualLimitS(intervalS) : intervalIn(limit)
  const longestLimitS = Math.min(intervalS, LONGEST_LIMIT_S)
  if (limitS === null || limitS < SHORTEST_LIMIT_S || limitS > longestLimitS)
    return sendReply({ html: messages.limitRefused(sayDuration(longestLimitS * 1000, chat.language)) })

  const { kind, url, name } = target
  const host = hostOf(url)
  const address = addressIn(host) ?? (await deps.addressOf(host))
  const timeoutMs = limitS * 1000
  const { personId, threadId } = context.origin
  const added = await deps.monitors.addWithinLimits(
    { chatId: chat.id, kind, url, name, intervalS, timeoutMs, personId, address, threadId },
    deps.limits,
  )
  if ('over' in added) return sendReply({ html: overLimit(context, added.over, host) })
  const { monitor: kept, isNew } = added
  const duration = sayDuration(intervalS * 1000, chat.language)
  const every = limit === null ? duration : `${duration} (${messages.timeLimit(sayDuration(timeoutMs, chat.language))})`
  // Not "isNew": when this update is handled again, the monitor is there already, and its first check may not be.
  const unchecked = kept.judgedAt === null
  if (!isNew && !unchecked) return sendReply({ html: messages.monitorUpdated(name, every) })
  const mayLook = unchecked && (await look(context, kept.id, 'first'))
  return {
    effects: [
      {
        do: 'send',
        view: { html: mayLook ? messages.monitorAdded(name, every) : messages.monitorAddedLater(name, every) },
      },
    ],
    events: mayLook ? [probe(context, kept, 'first')] : [],
  }
}

/** One attempt leaves room for the two that confirm a failure. */
const usualLimitS = (intervalS: number) => Math.min(10, intervalS / 2)

/** What a person typed who may have wanted to have it watched: how to do that, or why it cannot be. */
export const suggestion = (context: ChatContext, text: string): Reply => {
  const tcp = tcpInstead(text)
  if (tcp !== null) return sendReply({ html: context.messages.tcpInstead(tcp) })
  const target = parseTarget(text)
  return sendReply({ html: target.ok ? context.messages.looksLikeAddress(text) : refusal(context, text, target.error) })
}

/** Why it is not watched, and what to do about it. */
const overLimit = ({ deps: { limits }, messages }: ChatContext, over: ExceededLimit, host: string): Html => {
  switch (over) {
    case 'chat':
      return messages.monitorsFull(limits.monitorsPerChat)
    case 'person':
      return messages.monitorsFullForPerson(limits.monitorsPerPerson)
    case 'personHost':
      return messages.hostFullForPerson(host, limits.personHostChecksPerMinute)
    case 'host':
      return messages.hostFull(host, limits.hostChecksPerMinute)
    default:
      return over satisfies never
  }
}

/** Looks on demand that a host bears in quick succession, over all its monitors. */
const HOST_BURST = 3
/** A first look is part of asking for a monitor, so it does not use up "check now"; but asking again is no second look. */
const FIRST_LOOK_S = 60

/** Whether a monitor may be looked at now, beside its plan. */
const look = async ({ deps, cause }: ChatContext, monitorId: number, why: 'first' | 'now'): Promise<boolean> => {
  const { host, address } = await deps.monitors.hostOf(monitorId)
  const seconds = deps.limits.lookSeconds
  const own =
    why === 'now'
      ? { subject: `monitor/${monitorId}`, seconds, burst: 1 }
      : { subject: `first/${monitorId}`, seconds: FIRST_LOOK_S, burst: 1 }
  const shared = [`host/${host}`, ...(address === null ? [] : [`address/${address}`])]
  return deps.looks.take(
    [own, ...shared.map(subject => ({ subject, seconds, burst: HOST_BURST }))],
    cause.id,
    deps.clock(),
  )
}

const refusal = ({ chat, messages }: ChatContext, address: string, error: ProbeErrorCode) => {
  // `user:password@host` without a scheme: what stands before the colon is none.
  const why = /^(?!mailto:)[^\s/]+:\S*@\S/i.test(address) ? 'credentials' : error
  return messages.addressRefused(
    label(withoutSecrets(address)),
    messages.refusals[why as keyof BotMessages['refusals']] ?? sayProbeError(why, chat.language),
  )
}

/** Addresses written out are looked at here; names are, whenever they are dialled, by the prober. */
const mayDial = async ({ deps }: ChatContext, url: string): Promise<boolean> => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (/(^|\.)localhost$/.test(host)) return (await deps.mayDial('127.0.0.1')) || deps.mayDial('::1')
  return isIP(host) === 0 || deps.mayDial(host)
}

const probe = ({ deps, chat, cause, origin: { threadId } }: ChatContext, monitor: Monitor, why: 'first' | 'now') =>
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
          dueAt: deps.clock().toISOString(),
        },
      ],
    },
  })

/** As a person sees it: paused, and unknown where nobody has looked for too long, are states too. */
type Standing = keyof BotMessages['monitorState']

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

const ago = (from: Date, now: Date, { chat }: ChatContext) => sayDuration(now.getTime() - from.getTime(), chat.language)

const lastDay = (now: Date) => new Date(now.getTime() - 86_400_000)

/** Rounded down: 99.996 % is not 100 %. */
const percent = ({ uptime }: UptimeSummary, { chat }: ChatContext): string | null =>
  uptime === null
    ? null
    : new Intl.NumberFormat(chat.language, {
        style: 'percent',
        maximumFractionDigits: 2,
        roundingMode: 'floor',
      } as Intl.NumberFormatOptions).format(uptime)

/** All of a chat's monitors, each with its state, its uptime of 24 hours and the age of its last check. */
export const monitorsList = async (context: ChatContext, page: number): Promise<View> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const all = await deps.monitors.of(chat.id)
  if (all.length === 0) return { html: messages.monitorsNone() }
  const sorted = all
    .map(monitor => ({ monitor, standing: standingOf(monitor, now) }))
    .sort((one, other) => order.indexOf(one.standing) - order.indexOf(other.standing))
  const { items, at, pages } = pageOf(sorted, page, A_PAGE)
  const uptime = await deps.probeHours.uptime(
    items.map(({ monitor }) => monitor.id),
    lastDay(now),
  )
  return {
    html: joined(
      [
        messages.monitorsTitle(all.length),
        ...items.map(({ monitor, standing }) => {
          const tally = uptime.get(monitor.id)
          const share = tally && percent(tally, context)
          const checked = monitor.judgedAt && messages.lastCheck(ago(monitor.judgedAt, now, context))
          return joined([
            html`${light[standing]} <b>${monitor.name}</b>: ${messages.monitorState[standing]}`,
            joined([share && messages.uptimeDay(share), checked], ' · '),
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

const monitorCard = async (context: ChatContext, monitor: Monitor): Promise<View> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const standing = standingOf(monitor, now)
  const tally = (await deps.probeHours.uptime([monitor.id], lastDay(now))).get(monitor.id)
  const share = tally && percent(tally, context)
  const state = messages.monitorState[standing]
  const since = standing === 'up' || standing === 'down' ? monitor.stateSince : null
  const { id } = monitor
  const toggle: Button = monitor.pausedAt
    ? { text: messages.resume, press: { act: 'resume', monitor: id } }
    : { text: messages.pause, press: { act: 'pause', monitor: id } }
  return {
    html: joined(
      [
        joined([html`${light[standing]} <b>${monitor.name}</b>`, html`<code>${monitor.url}</code>`]),
        joined([
          since ? messages.stateSince(state, ago(since, now, context)) : state,
          joined(
            [
              share ? messages.uptimeDay(share) : messages.uptimeUnknown,
              tally?.averageMs != null &&
                messages.averageResponse(
                  `${new Intl.NumberFormat(chat.language).format(Math.round(tally.averageMs))} ms`,
                ),
            ],
            ' · ',
          ),
          joined(
            [
              messages.everyInterval(sayDuration(monitor.intervalS * 1000, chat.language)),
              monitor.timeoutMs > usualLimitS(monitor.intervalS) * 1000 &&
                messages.timeLimit(sayDuration(monitor.timeoutMs, chat.language)),
            ],
            ' · ',
          ),
          monitor.judgedAt ? messages.lastCheck(ago(monitor.judgedAt, now, context)) : messages.neverChecked,
        ]),
      ],
      '\n\n',
    ),
    buttons: [
      ...(monitor.pausedAt ? [] : [[{ text: messages.check, press: { act: 'check', monitor: id } } satisfies Button]]),
      [toggle, { text: messages.delete, press: { act: 'delete', monitor: id } }],
      [{ text: messages.backToList, press: { act: 'monitors', page: 0 } }],
    ],
  }
}

/** The buttons under a monitor. Every one looks first whether the monitor is this chat's own. */
type MonitorAct = 'monitor' | 'check' | 'pause' | 'resume' | 'delete' | 'deleteNow'

const lookedJustNow = (context: ChatContext, monitor: Monitor): string => {
  const { deps, messages } = context
  const now = deps.clock()
  const checked = monitor.judgedAt && messages.lastCheck(ago(monitor.judgedAt, now, context))
  return messages.lookedJustNow(messages.monitorState[standingOf(monitor, now)], checked)
}

export const pressedMonitor = async (context: ChatContext, act: MonitorAct, id: number): Promise<Reply> => {
  const { deps, chat, messages } = context
  const gone = async (): Promise<Reply> => ({
    effects: [
      { do: 'toast', text: messages.monitorGone },
      { do: 'edit', view: await monitorsList(context, 0) },
    ],
  })
  const shown = async (monitor: Monitor | null, text?: string): Promise<Reply> => {
    if (!monitor) return gone()
    const toast: Effect[] = text === undefined ? [] : [{ do: 'toast', text }]
    return { effects: [...toast, { do: 'edit', view: await monitorCard(context, monitor) }] }
  }
  if (act === 'pause') return shown(await deps.monitors.pause(chat.id, id), messages.paused)
  if (act === 'resume') {
    const resumed = await deps.monitors.resumeWithinLimits(chat.id, id, context.origin.personId, deps.limits)
    if (resumed === null || !('over' in resumed)) return shown(resumed, messages.resumed)
    const { host } = await deps.monitors.hostOf(id)
    return toastReply(plain(overLimit(context, resumed.over, host)), true)
  }
  if (act === 'deleteNow') {
    const removed = await deps.monitors.remove(chat.id, id)
    if (!removed) return gone()
    return {
      effects: [
        { do: 'toast', text: messages.deleted(removed.name) },
        { do: 'edit', view: await monitorsList(context, 0) },
      ],
    }
  }
  const found = await deps.monitors.get(id)
  const monitor = found?.chatId === chat.id ? found : null
  // "Check now" also stands under news of a monitor, which shall stay what they are.
  if (act === 'check') {
    if (!monitor) return toastReply(messages.monitorGone)
    if (monitor.pausedAt) return toastReply(messages.paused)
    if (!(await look(context, id, 'now'))) return toastReply(lookedJustNow(context, monitor))
    return { effects: [{ do: 'toast', text: messages.checking }], events: [probe(context, monitor, 'now')] }
  }
  if (act === 'monitor' || !monitor) return shown(monitor)
  const { name } = monitor
  const buttons: Button[][] = [
    [{ text: label(messages.deleteYes(name)), press: { act: 'deleteNow', monitor: id } }],
    [{ text: messages.deleteNo, press: { act: 'monitor', monitor: id } }],
  ]
  return editReply({ html: messages.deleteSure(name), buttons })
}
