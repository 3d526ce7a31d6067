import { traceIdOf, traceparentOf } from '#functions/host/trace.ts'
import { Refusal } from '#infra/refusal.ts'
import { derivedCause, incidentOf, updateOf } from './derived-cause.ts'
import { type Line, type LogStore, searchesFor } from './log-store.ts'
import type { DeadLetter, KeptEvent, Message, Records } from './records.ts'
import type { Reference } from './reference.ts'

/** An event of the chain. `event` is undefined if no broker was found that keeps it. */
export interface Step {
  id: string
  event: KeptEvent | undefined
  deadLetters: DeadLetter[]
  /** What Vigia knows about an update of Telegram; null if it was deleted. Undefined for an event. */
  update?: { state: string; attempts: number; seenAt: string } | null
  /** The releases whose functions handled the event, by the log lines: `1.4.2 (<commit>)`. */
  releases: string[]
}

export interface Trace {
  messages: Message[]
  /** The event, its cause, the cause of that, and so on. */
  steps: Step[]
  /** Whether the broker keeps its events in this PostgreSQL. */
  brokerKeepsEvents: boolean
  traceId: string | undefined
  /** The name of the log store, and its lines. `lines` is undefined if no log store is configured. */
  logs: { store: string | undefined; lines: Line[] | undefined; kibana: string; victoriaLogs: string }
  /** The releases that handled the events and sent the messages. */
  releases: string[]
}

/** A chain ends sooner: an event has at most 16 causes (`maxHops`). */
const maxSteps = 20
/** So many matching messages are named in the refusal. */
const maxMatches = 5

/** Follows a message or an event to its first cause. Throws a Refusal if it is not found, or if several match. */
export const trace = async (reference: Reference, records: Records, logs: LogStore | undefined): Promise<Trace> => {
  const start = await startOf(reference, records)
  const chain = await chainFrom(start, records)
  const events = chain.flatMap(({ event }) => event ?? [])
  const traceId = traceIdIn(start.messages, events)
  const query = { traceId, eventIds: chain.map(({ id }) => id) }
  const lines = await logs?.lines(query)
  const steps = chain.map(step => ({ ...step, releases: releasesIn(lines?.filter(line => isAbout(line, step.id))) }))
  const sentBy = start.messages.flatMap(message => message.sentBy ?? [])
  return {
    messages: start.messages,
    steps,
    brokerKeepsEvents: await records.keepsEvents(),
    traceId,
    logs: { store: logs?.name, lines, ...searchesFor(query) },
    releases: [...new Set([...steps.flatMap(({ releases }) => releases), ...sentBy])],
  }
}

/** The event with which the chain begins, and its messages. */
interface Start {
  id: string
  messages: Message[]
}

const startOf = async (reference: Reference, records: Records): Promise<Start> => {
  if ('chatId' in reference) {
    const { chatId, messageId } = reference
    const [message] = await records.messageOfChat(chatId, messageId)
    if (message) return { id: message.key, messages: [message] }
    throw new Refusal(
      `Vigia has no message ${messageId} of chat ${chatId} in its outbox; it keeps messages for 45 days, and answers to commands are not in it, because they are sent at once`,
    )
  }
  const { text } = reference
  const own = await records.messageOf(text)
  if (own) return { id: text, messages: [own] }
  if (await isKnown(text, records)) return { id: text, messages: await records.messagesFrom(text) }
  return startOfText(text, records)
}

/** Whether this text is the id of an event, an update, or the cause of a message. */
const isKnown = async (id: string, records: Records): Promise<boolean> => {
  if (await records.event(id)) return true
  const update = updateOf(id)
  if (update && (await records.update(update.botId, update.updateId))) return true
  if ((await records.deadLettersOf(id)).length > 0) return true
  return (await records.messagesFrom(id)).length > 0
}

const startOfText = async (text: string, records: Records): Promise<Start> => {
  const found = await records.messagesWith(text, maxMatches + 1)
  const [message] = found
  if (found.length === 1) return { id: message!.key, messages: found }
  if (message === undefined)
    throw new Refusal(
      `no event has the id ${JSON.stringify(text)}, and no message in the outbox contains this text; ${
        (await records.keepsEvents())
          ? 'the broker keeps events for 7 days, and the outbox keeps messages for 45 days'
          : 'the broker of a cluster keeps no events in PostgreSQL: search the logs for the id, or trace a message'
      }. Answers to commands are not in the outbox, because they are sent at once`,
    )
  const named = found.slice(0, maxMatches).map(({ key, chatId, messageId, requestedAt }) => {
    const id = messageId === null ? key : `${chatId}/${messageId}`
    return `${id} of ${requestedAt.slice(0, 19)}`
  })
  throw new Refusal(
    `${found.length > maxMatches ? `more than ${maxMatches}` : found.length} messages contain this text; trace one of them, the newest first: ${named.join(', ')}`,
  )
}

type Link = Omit<Step, 'releases'>

const chainFrom = async ({ id, messages }: Start, records: Records): Promise<Link[]> => {
  const chain: Link[] = []
  const seen = new Set<string>()
  for (let next: string | undefined = id; next !== undefined && !seen.has(next) && chain.length < maxSteps; ) {
    seen.add(next)
    const update = updateOf(next)
    const event: KeptEvent | undefined = update ? undefined : await records.event(next)
    chain.push({
      id: next,
      event,
      deadLetters: await records.deadLettersOf(next),
      ...(update ? { update: (await records.update(update.botId, update.updateId)) ?? null } : {}),
    })
    next = event
      ? event.causationId
      : (messages.find(({ key }) => key === next)?.causationId ?? (await causeWithoutBroker(next, records)))
  }
  return chain
}

/** The cause of an event that no broker keeps: that of its incident, or what its id tells. */
const causeWithoutBroker = async (id: string, records: Records): Promise<string | undefined> => {
  const incident = incidentOf(id)
  const row = incident === undefined ? undefined : await records.incident(incident)
  if (row === undefined) return derivedCause(id)
  return (id.endsWith('/monitor.up') ? row.closed : row.opened) ?? undefined
}

/** The trace id that the first of them names. An event without one gets its trace from its source and id. */
const traceIdIn = (messages: readonly Message[], events: readonly KeptEvent[]): string | undefined => {
  for (const { traceparent } of [...messages, ...events]) {
    const id = traceIdOf(traceparent)
    if (id !== undefined) return id
  }
  const [event] = events
  return event && traceIdOf(traceparentOf(`${event.source} ${event.id}`))
}

const isAbout = (line: Line, id: string) => line['event.id'] === id

const releasesIn = (lines: readonly Line[] = []): string[] => [
  ...new Set(lines.map(line => `${line['service.version']} (${line['vigia.revision'] ?? 'unreleased'})`)),
]
