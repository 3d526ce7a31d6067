import type { ChatContext } from './context.ts'
import { showNotices } from './notices/notices.ts'
import { type Reply, toastReply } from './reply.ts'

/** Who may change the settings and the monitors of a group: its administrators, or everybody in it. */
export const setRights = async (context: ChatContext, who: 'administrators' | 'everyone'): Promise<Reply> => {
  const { deps, chat, messages } = context
  if (chat.kind === 'private') return toastReply(messages.oldButton)
  await deps.chats.letEveryoneChange(chat.id, who === 'everyone')
  return showNotices(context, 0, 'edit')
}
