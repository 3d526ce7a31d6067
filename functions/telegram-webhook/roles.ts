import type { Press } from '#functions/telegram/callback-data.ts'
import { html } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'
import { type Reply, sendReply, toastReply } from './reply.ts'

/**
 * What only the administrators of a group may do, unless they let everybody do it: change its monitors and settings.
 * Every member may look at them, request a check, answer the message about an outage, and follow series. In a private
 * chat the person may do everything.
 */
const forAdministrators: ReadonlySet<Press['act']> = new Set<Press['act']>([
  'pause',
  'resume',
  'delete',
  'deleteNow',
  'undelete',
  'silences',
  'silence',
  'newMonitor',
  'edit',
  'rename',
  'draft',
  'fill',
  'saveDraft',
  'maintain',
  'endMaintenance',
  'newStatusPage',
  'setStatusPage',
  'pageMonitors',
  'deletePage',
  'deletePageNow',
  'unsubscribe',
  'endSubscription',
  'import',
  'importChoice',
  'calendar',
  'post',
  'setPost',
  'setPosted',
  'cancelMaintenance',
  'maintenanceFor',
  'plan',
])

/** The settings of the chat that everybody in it reads. */
const settings: ReadonlySet<Press['act']> = new Set<Press['act']>(['language', 'zone', 'report'])

/** What only administrators may do, also in a group where everybody may change the rest. */
const onlyForAdministrators: ReadonlySet<Press['act']> = new Set<Press['act']>(['erase', 'rights'])

const administers = async ({ chat, telegram }: ChatContext) => chat.kind === 'private' || telegram.administers()

/** The refusal of a press that the person's role in the group does not allow; null if it is allowed. */
export const refusedPress = async (context: ChatContext, { act }: Press): Promise<Reply | null> => {
  const { messages } = context
  if (onlyForAdministrators.has(act))
    return (await administers(context)) ? null : toastReply(messages.settingsForAdministrators, true)
  if (settings.has(act))
    return (await context.mayChange()) ? null : toastReply(messages.settingsForAdministrators, true)
  if (!forAdministrators.has(act)) return null
  return (await context.mayChange()) ? null : toastReply(messages.administratorsOnly, true)
}

/** The same for a command or a text that changes the monitors of the group. */
export const refusedChange = async (context: ChatContext): Promise<Reply | null> =>
  (await context.mayChange()) ? null : sendReply({ html: context.messages.administratorsOnlyHere() })

/** The same for a command that changes a setting of the group. */
export const refusedSetting = async (context: ChatContext): Promise<Reply | null> =>
  (await context.mayChange()) ? null : sendReply({ html: html`${context.messages.settingsForAdministrators}` })

/** The same for a command that only administrators may give. */
export const refusedToMembers = async (context: ChatContext): Promise<Reply | null> =>
  (await administers(context)) ? null : sendReply({ html: html`${context.messages.settingsForAdministrators}` })
