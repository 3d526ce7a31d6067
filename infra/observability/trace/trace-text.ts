import type { ReleaseCommit } from './commits.ts'
import type { Line } from './log-store.ts'
import type { DeadLetter, KeptEvent, Message } from './records.ts'
import type { Step, Trace } from './trace.ts'

/** So many characters of a message are shown. */
const shownLength = 100

/** The trace as lines for a person: the message, the events up to the first cause, the logs and the release. */
export const traceText = (found: Trace, commits: readonly ReleaseCommit[]): string =>
  [
    ...found.messages.flatMap(messageLines),
    ...found.steps.flatMap((step, at) => stepLines(step, at, found)),
    row('trace', found.traceId ?? 'unknown'),
    ...logLines(found.logs),
    ...releaseLines(commits),
  ].join('\n')

const row = (name: string, text: string) => `${name.padEnd(12)}${text}`

const messageLines = (message: Message): string[] => {
  const { chatId, messageId, text, attempts, sentAt, requestedAt, state, refusal } = message
  const oneLine = text.replaceAll(/\s+/g, ' ')
  const outcome = state === 'sent' ? `sent ${time(sentAt)}` : state
  return [
    row(
      'message',
      `${messageId === null ? `to chat ${chatId}` : `${chatId}/${messageId}`}: ${outcome}, requested ${time(requestedAt)}, ${counted(attempts, 'attempt')}`,
    ),
    row('', oneLine.length > shownLength ? `${oneLine.slice(0, shownLength)}…` : oneLine),
    ...(refusal === null ? [] : [row('', `Telegram: ${refusal}`)]),
  ]
}

const stepLines = (
  { id, event, deadLetters, update, releases }: Step,
  at: number,
  { brokerKeepsEvents }: Trace,
): string[] => {
  const name = at === 0 ? 'event' : 'caused by'
  const handledBy = releases.length === 0 ? [] : [row('', `handled by ${releases.join(', ')}`)]
  if (update !== undefined)
    return [row(name, `${id}, an update of Telegram`), row('', updateText(update)), ...handledBy]
  return [
    row(name, event ? `${event.type} ${id}` : id),
    ...(event
      ? [
          row('', `accepted ${time(event.acceptedAt)}${event.subject === null ? '' : `, about ${event.subject}`}`),
          ...deliveryLines(event),
        ]
      : [row('', brokerKeepsEvents ? 'the broker no longer has it' : 'the broker keeps no events in PostgreSQL')]),
    ...deadLetters.map(letter => row('', deadLetterText(letter))),
    ...handledBy,
  ]
}

const updateText = (update: NonNullable<Step['update']> | null): string =>
  update === null
    ? 'received more than three days ago'
    : `received ${time(update.seenAt)}, ${update.state}, ${counted(update.attempts, 'attempt')}`

const deliveryLines = ({ deliveries }: KeptEvent): string[] =>
  deliveries.length === 0
    ? [row('', 'no Trigger matched it')]
    : deliveries.flatMap(({ trigger, state, attempts }) => [
        row('', `${trigger}: ${state}`),
        ...attempts.map(({ at, ms, status, error }) =>
          row('', `  ${time(at)} ${status ?? 'no answer'} after ${ms} ms${error === null ? '' : `: ${error}`}`),
        ),
      ])

const deadLetterText = ({ id, trigger, code, reason, replayedAt }: DeadLetter): string =>
  `dead letter ${id} of ${trigger}: ${code ?? 'no answer'} ${reason.split('\n')[0]}${replayedAt === null ? '' : `, sent again ${time(replayedAt)}`}`

const logLines = ({ store, lines, kibana, victoriaLogs }: Trace['logs']): string[] => [
  ...(lines === undefined
    ? [row('logs', 'no log store is configured; search for them in Kibana or VictoriaLogs:')]
    : []),
  ...(lines?.length === 0 ? [row('logs', `${store} has no lines of it any more`)] : []),
  ...(lines ?? []).map((line, at) => row(at === 0 ? 'logs' : '', logLine(line))),
  row('Kibana', kibana),
  row('LogsQL', victoriaLogs),
]

const logLine = (line: Line): string => {
  const ms = line['event.duration'] === undefined ? '' : ` ${Math.round(Number(line['event.duration']) / 1e6)} ms`
  const about = line['event.type'] ?? ''
  return (
    `${time(line['@timestamp'])} ${line['service.name']} ${line['log.level']} ${line.message} ${about} ${line['vigia.outcome'] ?? ''}`.trimEnd() +
    ms
  )
}

const releaseLines = (commits: readonly ReleaseCommit[]): string[] => {
  if (commits.length === 0)
    return [row('release', 'not recorded; the log lines have it (service.version, vigia.revision)')]
  return commits.flatMap(({ release, tag, commit, isDirty }) => [
    row('release', tag === undefined ? release : `${tag}, ${release}`),
    row(
      '',
      commit === undefined
        ? 'this clone does not have its commit'
        : `${commit.hash} ${commit.subject}${isDirty ? ', with changes that are in no commit' : ''}`,
    ),
  ])
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

/** `2026-11-21 12:00:05.120`, in UTC. */
const time = (instant: string | null): string =>
  instant === null ? 'at an unknown time' : new Date(instant).toISOString().slice(0, 23).replace('T', ' ')
