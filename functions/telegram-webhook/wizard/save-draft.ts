import { hostOf } from '#database/uptime/monitor-limits.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import { defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'
import { defaultIntervalS, defaultTimeoutS } from '#functions/checks/interval-and-timeout.ts'
import { plain } from '#functions/telegram/html.ts'
import { createMonitor } from '../add-monitor.ts'
import { limitMessage } from '../monitor-limit-message.ts'
import { type Button, editReply, type Reply, toastReply } from '../reply.ts'
import type { Drafting } from './field.ts'

/**
 * Makes the monitor of a finished draft, or changes it. Everything is stored at once or nothing. A repeated update does
 * it again with the same result, so that its events are published.
 */
export const saveDraft = async (drafting: Drafting): Promise<Reply> => {
  const { draft } = drafting
  return draft.monitorId === null ? create(drafting) : change(drafting, draft.monitorId)
}

const fieldsOf = async ({ draft: { content, secrets } }: Drafting) => {
  const { neededSecrets } = await import('#functions/checks/settings-rules.ts')
  const intervalS = content.intervalS ?? defaultIntervalS
  return {
    intervalS,
    timeoutMs: content.timeoutMs ?? defaultTimeoutS(intervalS) * 1000,
    settings: content.settings ?? {},
    secrets: { needed: neededSecrets(content.settings ?? {}).map(({ name }) => name), given: secrets },
    groupName: content.groupName ?? null,
    parentId: content.parentId ?? null,
    confirmations: content.confirmations ?? defaultConfirmations,
    recoveries: content.recoveries ?? defaultRecoveries,
    reminder: content.reminder ?? 'off',
  }
}

const detailsButton = ({ context: { messages } }: Drafting, monitor: number): Button[][] => [
  [{ text: messages.wizard.details, press: { act: 'monitor', monitor } }],
]

const create = async (drafting: Drafting): Promise<Reply> => {
  const { context, draft } = drafting
  const { deps, cause } = context
  const { kind, url, name, timeoutMs } = draft.content
  const wanted = { ...(await fieldsOf(drafting)), kind: kind as Monitor['kind'], url: url!, name: name! }
  const { html, events, monitorId } = await createMonitor(context, wanted, timeoutMs !== undefined)
  // Above a limit the draft stays open, so that the person can choose a longer interval.
  if (monitorId === null) return toastReply(plain(html), true)
  await deps.monitorDrafts.markSaved(draft.id, cause.id, deps.clock())
  return { ...editReply({ html, buttons: detailsButton(drafting, monitorId) }), events }
}

const change = async (drafting: Drafting, id: number): Promise<Reply> => {
  const { context, draft } = drafting
  const { deps, chat, origin, cause, messages } = context
  const wanted = { ...(await fieldsOf(drafting)), name: draft.content.name! }
  const changed = await deps.monitorChanges.change(chat.id, id, wanted, origin.personId, deps.limits)
  if (changed === null) return toastReply(messages.monitorGone)
  if ('exceeded' in changed)
    return toastReply(plain(limitMessage(context, changed.exceeded, hostOf(draft.content.url!))), true)
  await deps.monitorDrafts.markSaved(draft.id, cause.id, deps.clock())
  return editReply({
    html: messages.wizard.changed(wanted.name),
    buttons: detailsButton(drafting, id),
  })
}
