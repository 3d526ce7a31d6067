import type { DraftContent, MonitorDraft } from '#database/uptime/monitor-drafts.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { type Html, joined } from '#functions/telegram/html.ts'
import type { ChatContext } from '../context.ts'
import { editReply, type Reply, sendReply, toastReply } from '../reply.ts'
import { refusedChange } from '../roles.ts'
import type { DraftChanges, Drafting } from './field.ts'
import { type FieldName, fields, isFieldName } from './fields.ts'
import { saveDraft } from './save-draft.ts'
import { askedAt, nextStep, type Step, stepView } from './wizard-views.ts'

/** The most bytes of a file that are read: a bundle of certificates is smaller. */
const maxFileBytes = 65_536

/** Begins to set up a monitor. The draft replaces an unfinished one of the same person in the chat. */
export const startWizard = async (context: ChatContext): Promise<Reply> =>
  (await refusedChange(context)) ?? sendReply(await firstView(context, null, {}, 'kind'))

/** Begins to change the settings of a monitor of the chat, with the step `step`. */
export const editMonitor = async (context: ChatContext, id: number, step: Step = 'review'): Promise<Reply> => {
  const { deps, chat, messages } = context
  const monitor = await deps.monitors.get(id)
  if (monitor?.chatId !== chat.id) return toastReply(messages.monitorGone)
  if (monitor.configKey !== null) return toastReply(messages.wizard.fromFile, true)
  return editReply(await firstView(context, id, contentOf(monitor), step))
}

const contentOf = ({ kind, url, name, intervalS, timeoutMs, settings, ...rest }: Monitor): DraftContent => ({
  ...{ kind, url, name, intervalS, timeoutMs, settings },
  groupName: rest.groupName,
  parentId: rest.parentId,
  confirmations: rest.confirmations,
  recoveries: rest.recoveries,
  reminder: rest.reminder,
})

const firstView = async (context: ChatContext, monitorId: number | null, content: DraftContent, step: Step) => {
  const { deps, chat, origin, cause } = context
  const draft = await deps.monitorDrafts.start(
    { chatId: chat.id, personId: origin.personId, monitorId, content, asked: askedAt(step) },
    cause.id,
    deps.clock(),
  )
  return stepView(await draftingOf(context, draft), step)
}

const draftingOf = async (context: ChatContext, draft: MonitorDraft): Promise<Drafting> => ({
  context,
  draft,
  monitors: await context.deps.monitors.of(context.chat.id),
})

type WizardPress = Extract<Press, { act: 'draft' | 'fill' | 'saveDraft' | 'cancelDraft' }>

/**
 * A button of the wizard. It has an effect only on the unfinished draft of the person who presses it; a button of
 * another draft explains itself.
 */
export const pressWizard = async (context: ChatContext, press: WizardPress): Promise<Reply> => {
  const { deps, chat, origin, cause, messages } = context
  const { wizard } = messages
  const draft = await deps.monitorDrafts.find(chat.id, press.draft)
  if (draft === null) return toastReply(wizard.gone, true)
  if (draft.personId !== origin.personId) return toastReply(wizard.ofAnother, true)
  if (draft.savedAt !== null && draft.cause !== cause.id) return toastReply(wizard.alreadySaved, true)
  const drafting = await draftingOf(context, draft)
  switch (press.act) {
    case 'draft':
      return isOffered(drafting, press.step) ? showStep(drafting, press.step) : toastReply(messages.oldButton)
    case 'fill':
      return fillByButton(drafting, press.step, press.value)
    case 'saveDraft':
      return nextStep(draft) === 'review' ? saveDraft(drafting) : showStep(drafting, nextStep(draft))
    case 'cancelDraft':
      await deps.monitorDrafts.remove(draft)
      return editReply({ html: wizard.cancelled() })
    default:
      return press satisfies never
  }
}

const isOfferedField = (drafting: Drafting, step: string): step is FieldName =>
  isFieldName(step) && (fields[step].isOffered?.(drafting) ?? true)

const isOffered = (drafting: Drafting, step: string): step is Step =>
  step === 'review' || step === 'more' ? nextStep(drafting.draft) === 'review' : isOfferedField(drafting, step)

const showStep = async (drafting: Drafting, step: Step): Promise<Reply> => {
  const changed = await changeDraft(drafting, {}, step)
  return changed === null ? toastReply(drafting.context.messages.oldButton) : editReply(stepView(changed, step))
}

const fillByButton = async (drafting: Drafting, step: string, value: string): Promise<Reply> => {
  const oldButton = toastReply(drafting.context.messages.oldButton)
  if (!isOfferedField(drafting, step)) return oldButton
  const field = fields[step]
  const changes = field.choose ? await field.choose(drafting, value) : ((await field.read?.(drafting, value)) ?? null)
  if (changes === null || 'refusal' in changes) return oldButton
  const after = await changeDraft(drafting, changes)
  return after === null ? oldButton : editReply(stepView(after, nextStep(after.draft)))
}

/**
 * A text of a person whose draft expects one; null if no draft does. A refused text changes nothing, and the step is
 * asked again with the reason.
 */
export const answerWizard = async (context: ChatContext, text: string): Promise<Reply | null> => {
  const { deps, chat, origin, cause } = context
  const draft = await deps.monitorDrafts.expectingText(chat.id, origin.personId, cause.id, deps.clock())
  if (draft === null) return null
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const drafting = await draftingOf(context, draft)
  // A repeated update was filled in by the attempt before; only its reply is missing.
  const asked = draft.cause === cause.id ? null : draft.asked
  if (asked === null || !isFieldName(asked)) return sendReply(stepView(drafting, nextStep(draft)))
  const changes = await fields[asked].read!(drafting, text)
  const isRefused = 'refusal' in changes
  const note = (isRefused ? changes.isSecret : fields[asked].isSecret) && (await deletedNote(context))
  if (isRefused) {
    const view = stepView(drafting, asked)
    return sendReply({ ...view, html: joined([note, changes.refusal, view.html], '\n\n') })
  }
  const after = await changeDraft(drafting, changes)
  if (after === null) return answerWizard(context, text)
  const view = stepView(after, nextStep(after.draft))
  return sendReply({ ...view, html: joined([note, view.html], '\n\n') })
}

/** The same for a file, if the draft expects one; null if it does not. */
export const answerWizardWithFile = async (
  context: ChatContext,
  { fileId, bytes }: { fileId: string; bytes: number },
): Promise<Reply | null> => {
  const { deps, chat, origin, cause, messages } = context
  const draft = await deps.monitorDrafts.expectingText(chat.id, origin.personId, cause.id, deps.clock())
  if (draft === null) return null
  const isAsked = draft.asked !== null && isFieldName(draft.asked) && fields[draft.asked].takesFile
  // A repeated update was filled in by the attempt before, so the file is not read again.
  if (draft.cause === cause.id) return answerWizard(context, '')
  if (!isAsked) return null
  if (bytes > maxFileBytes) return sendReply({ html: messages.wizard.certificateRefused() })
  return answerWizard(context, (await context.readFile(fileId, maxFileBytes)).toString())
}

/** Deletes the message with a secret, before anything is stored, and says whether Telegram permitted it. */
const deletedNote = async ({ deleteMessage, messages: { wizard } }: ChatContext): Promise<Html> =>
  (await deleteMessage()) ? wizard.secretDeleted() : wizard.secretNotDeleted()

/** The draft with the changes, stored; null if it was changed at the same time. `step` is the next one by default. */
const changeDraft = async (
  drafting: Drafting,
  { secrets, ...changes }: DraftChanges,
  step?: Step,
): Promise<Drafting | null> => {
  const { context, draft } = drafting
  const { deps, cause } = context
  const entries = Object.entries({ ...draft.content, ...changes }).filter(([, value]) => value !== undefined)
  const content = Object.fromEntries(entries) as DraftContent
  const asked = askedAt(step ?? nextStep({ ...draft, content }))
  const changed = await deps.monitorDrafts.change(
    draft,
    { content, secrets: { ...draft.secrets, ...secrets }, asked },
    cause.id,
    deps.clock(),
  )
  return changed && { ...drafting, draft: changed }
}
