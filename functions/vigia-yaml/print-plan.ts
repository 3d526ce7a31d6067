import { formatDuration } from './duration.ts'
import type { FieldChange, MonitorChange, Plan } from './plan.ts'
import type { PageChange } from './plan-pages.ts'
import type { WebhookChange } from './plan-webhooks.ts'
import type { WindowChange } from './plan-windows.ts'

/** The plan for people: a line for each change, and the sums in the last line. */
export const printPlan = (plan: Plan): string => {
  const { chats, monitors, windows, pages, webhooks, unchanged } = plan
  const lines = [
    ...chats.map(({ action, id, fields }) =>
      action === 'create' ? `+ chat ${id}: new; add the bot to it` : `~ chat ${id}: ${fieldsText(fields)}`,
    ),
    ...monitors.map(change => `${signs[change.action]} ${change.key}: ${monitorText(change)}`),
  ]
  lines.push(...windows.map(change => `${signs[change.action]} window ${change.key}: ${windowText(change)}`))
  lines.push(...pages.map(change => `${signs[change.action]} page ${change.key}: ${pageText(change)}`))
  lines.push(...webhooks.map(change => `${signs[change.action]} webhook ${change.key}: ${webhookText(change)}`))
  const count = (...actions: MonitorChange['action'][]) =>
    monitors.filter(({ action }) => actions.includes(action)).length
  const sums = [
    [count('create'), 'to create'],
    [count('update'), 'to change'],
    [count('adopt'), 'to take over'],
    [count('replace'), 'to replace'],
    [count('delete'), 'to delete'],
    [unchanged, 'unchanged'],
  ] as const
  const sum = sums.filter(([number]) => number > 0).map(([number, text]) => `${number} ${text}`)
  return printable([...lines, `monitors: ${sum.join(', ') || 'none'}`].join('\n'))
}

const signs: Record<MonitorChange['action'], string> = {
  create: '+',
  update: '~',
  adopt: '>',
  replace: '!',
  delete: '-',
}

const monitorText = (change: MonitorChange): string => {
  switch (change.action) {
    case 'create':
      return `${change.monitor.kind} ${change.monitor.url}`
    case 'update':
      return fieldsText(change.fields)
    case 'adopt':
      return ['was added in the chat and now belongs to the file', ...change.fields.map(fieldText)].join(', ')
    case 'replace':
      return `begins anew without its history, because ${fieldsText(change.fields)}`
    case 'delete':
      return `${change.name} is deleted with its history`
    default:
      return change satisfies never
  }
}

const windowText = (change: WindowChange): string => {
  if (change.action === 'delete') return 'is deleted; its coming times are cancelled'
  const { when } = change.window
  return 'cron' in when
    ? `${when.cron} in ${when.zone}, for ${formatDuration(when.durationS * 1000)}`
    : `${when.startsAt.toISOString()} to ${when.endsAt.toISOString()}`
}

const accessTexts = { public: 'public', link: 'with a secret address', members: 'for the members of the chat' }

const pageText = (change: PageChange): string => {
  switch (change.action) {
    case 'create':
      return `${change.page.title}, ${accessTexts[change.page.access]}`
    case 'update':
      return `changes ${change.fields.join(', ')}`
    case 'adopt':
      return ['was made in the chat and now belongs to the file', ...change.fields].join(', ')
    case 'delete':
      return `${change.title} is deleted`
    default:
      return change satisfies never
  }
}

/** Of a URL only the host is said, because a path can be a secret. */
const webhookText = (change: WebhookChange): string => {
  switch (change.action) {
    case 'create': {
      const { url, page } = change.webhook
      return `requests to ${new URL(url).host} about ${page === null ? 'everything of the chat' : `page ${page}`}`
    }
    case 'update':
      return `changes ${change.fields.join(', ')}`
    case 'adopt':
      return ['was made in the chat and now belongs to the file', ...change.fields].join(', ')
    case 'delete':
      return 'is deleted with what waits for it'
    default:
      return change satisfies never
  }
}

const fieldsText = (fields: readonly FieldChange[]) => fields.map(fieldText).join(', ')
const fieldText = ({ field, from, to }: FieldChange) => `${field} ${from} → ${to}`

/** Removes control characters except line breaks, because names from the chat must not control the terminal. */
const printable = (text: string) => text.replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, ' ')
