import type { Press } from '#functions/telegram/callback-data.ts'
import type { ChatContext } from './context.ts'
import { type Reply, sendReply, toastReply } from './reply.ts'

/**
 * What only the administrators of a group may do: change its monitors. Every member may look at them, request a check,
 * answer the message about an outage, and follow series. In a private chat the person may do everything.
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
  'erase',
  'post',
  'setPost',
  'setPosted',
  'cancelMaintenance',
  'maintenanceFor',
  'plan',
])

/** The refusal of a press that the person's role in the group does not allow; null if it is allowed. */
export const refusedPress = async (context: ChatContext, { act }: Press): Promise<Reply | null> =>
  !forAdministrators.has(act) || (await context.mayChange())
    ? null
    : toastReply(context.messages.administratorsOnly, true)

/** The same for a command or a text that changes the monitors of the group. */
export const refusedChange = async (context: ChatContext): Promise<Reply | null> =>
  (await context.mayChange()) ? null : sendReply({ html: context.messages.administratorsOnlyHere() })
