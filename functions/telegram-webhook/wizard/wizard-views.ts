import type { MonitorDraft } from '#database/uptime/monitor-drafts.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { label } from '../pages.ts'
import type { Button, View } from '../reply.ts'
import { type Drafting, none } from './field.ts'
import { type FieldName, fields, isFurther } from './fields.ts'

/** A page of the wizard: a field, the review of all fields, or the list of those that few monitors need. */
export type Step = FieldName | 'review' | 'more'

/** The fields that a new monitor asks for one after the other. The others are optional and reached from the review. */
const required: readonly FieldName[] = ['kind', 'address', 'interval']

/** The first step whose field has no value yet. */
export const nextStep = ({ monitorId, content }: MonitorDraft): Step => {
  if (monitorId !== null) return 'review'
  if (content.url === undefined) return content.kind === undefined ? 'kind' : 'address'
  return content.intervalS === undefined ? 'interval' : 'review'
}

/** The field that a text fills in while a step is shown. */
export const askedAt = (step: Step): FieldName | null =>
  step !== 'review' && step !== 'more' && fields[step].read !== undefined ? step : null

export const stepView = (drafting: Drafting, step: Step): View =>
  step === 'review' ? reviewView(drafting) : step === 'more' ? moreView(drafting) : fieldView(drafting, step)

const twoInARow = (buttons: Button[]): Button[][] =>
  buttons.flatMap((_, at) => (at % 2 === 0 ? [buttons.slice(at, at + 2)] : []))

const fieldView = (drafting: Drafting, name: FieldName): View => {
  const { context, draft } = drafting
  const { wizard } = context.messages
  const { content, id } = draft
  const field = fields[name]
  const example = name === 'address' && wizard.examples[content.kind as keyof typeof wizard.examples]
  const choices = [
    ...field.choices(drafting),
    ...(field.isRemovable?.(drafting) ? [{ text: wizard.remove, value: none }] : []),
  ]
  const asks = joined([wizard.asks[name](), example && html`<code>${example}</code>`])
  return {
    html: joined(
      [
        name !== 'address' && name !== 'kind' && content.name !== undefined && wizard.title(content.name),
        asks,
        context.chat.kind !== 'private' && askedAt(name) !== null && wizard.replyInGroup(),
      ],
      '\n\n',
    ),
    buttons: [
      ...twoInARow(choices.map(({ text, value }) => ({ text, press: { act: 'fill', draft: id, step: name, value } }))),
      lastRow(drafting, name),
    ],
  }
}

/** "Back" leads to the step before, from an option to the page that has its button. */
const lastRow = ({ context: { messages }, draft }: Drafting, step: Step): Button[] => {
  const { wizard } = messages
  const cancel: Button = { text: wizard.cancel, press: { act: 'cancelDraft', draft: draft.id } }
  const isNew = draft.monitorId === null
  const page = step !== 'review' && step !== 'more' && isFurther(step) ? 'more' : 'review'
  const at = step === 'review' ? required.length : required.indexOf(step as FieldName)
  const before = !isNew || at < 0 ? (step === 'review' ? undefined : page) : required[at - 1]
  return before === undefined
    ? [cancel]
    : [{ text: wizard.back, press: { act: 'draft', draft: draft.id, step: before } }, cancel]
}

const offeredNames = (drafting: Drafting): FieldName[] =>
  (Object.keys(fields) as FieldName[]).filter(name => fields[name].isOffered?.(drafting) ?? true)

const fieldButtons = (drafting: Drafting, names: readonly FieldName[]): Button[] =>
  names.map(name => ({
    text: label(`${drafting.context.messages.wizard.labels[name]}: ${shown(drafting, name)}`),
    press: { act: 'draft', draft: drafting.draft.id, step: name },
  }))

const shown = (drafting: Drafting, name: FieldName): string =>
  fields[name].show(drafting) ?? drafting.context.messages.wizard.none

const addressLine = ({ draft: { content } }: Drafting): Html | false =>
  content.kind !== 'heartbeat' && html`<code>${content.url}</code>`

/** The fields that few monitors need, each with its value. */
const moreView = (drafting: Drafting): View => {
  const { context, draft } = drafting
  const { wizard } = context.messages
  return {
    html: joined([wizard.title(draft.content.name ?? ''), wizard.moreOptions()], '\n\n'),
    buttons: [
      ...twoInARow(fieldButtons(drafting, offeredNames(drafting).filter(isFurther))),
      lastRow(drafting, 'more'),
    ],
  }
}

const reviewView = (drafting: Drafting): View => {
  const { context, draft } = drafting
  const { wizard } = context.messages
  const names = offeredNames(drafting)
  const lines = names
    .filter(name => name !== 'address' && name !== 'name' && (!isFurther(name) || fields[name].isRemovable?.(drafting)))
    .map((name): Html => wizard.line(wizard.labels[name], shown(drafting, name)))
  return {
    html: joined(
      [
        joined([wizard.title(draft.content.name ?? ''), addressLine(drafting)]),
        joined(lines),
        wizard.checkBeforeSaving(),
      ],
      '\n\n',
    ),
    buttons: [
      [{ text: draft.monitorId === null ? wizard.create : wizard.save, press: { act: 'saveDraft', draft: draft.id } }],
      ...twoInARow(
        fieldButtons(
          drafting,
          names.filter(name => name !== 'kind' && name !== 'address' && !isFurther(name)),
        ),
      ),
      ...(names.some(isFurther)
        ? [[{ text: wizard.more, press: { act: 'draft', draft: draft.id, step: 'more' } } as const]]
        : []),
      lastRow(drafting, 'review'),
    ],
  }
}
