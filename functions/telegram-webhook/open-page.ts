import { isInternalHost } from '#functions/host/internal-host.ts'
import { originOf } from '#functions/pages/page-address.ts'
import { signatureFor } from '#functions/pages/signed-link.ts'
import { html, joined } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'
import { label } from './pages.ts'
import { type Button, type Reply, sendReply } from './reply.ts'

/**
 * Gives a member of the chat of a page a link that opens the page: a button of the page in a private chat, or
 * `/start m_<id>` from the button in a group. Telegram is asked each time whether the person is a member.
 */
export const openPage = async (context: ChatContext, pageId: number): Promise<Reply> => {
  const { deps, chat, messages, telegram } = context
  const { statusPages } = messages
  // In a group, every member would see the link, and a forwarded message would have it too.
  if (chat.kind !== 'private') return sendReply({ html: statusPages.notForYou() })
  const door = await deps.pageDoors.forMembers(pageId)
  if (door === null || !(door.chatId === chat.id || (door.chatId < 0 && (await telegram.isMember(door.chatId)))))
    return sendReply({ html: statusPages.notForYou() })
  const { pagesUrl } = deps
  const address = door.domain === null ? `${pagesUrl ?? '/status'}/m/${door.id}` : originOf(door.domain, pagesUrl)
  const link = `${address}?signature=${signatureFor(door, 'link', deps.clock())}`
  const again: Button[] = [{ text: statusPages.newLink, press: { act: 'openPage', id: door.id } }]
  // Telegram accepts no button with a host that only this machine knows.
  const isReachable = URL.canParse(link) && !isInternalHost(new URL(link).host)
  return sendReply({
    html: joined(
      [html`<b>${door.title}</b>`, !isReachable && html`<code>${link}</code>`, statusPages.linkExpires()],
      '\n\n',
    ),
    buttons: [...(isReachable ? [[{ text: label(statusPages.openNow(door.title)), url: link }]] : []), again],
    isSecret: true,
  })
}
