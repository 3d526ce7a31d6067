import type { StatusPage } from '#database/pages/status-pages.ts'
import type { ImageFault } from '#functions/pages/image.ts'
import { logoLimits } from '#functions/pages/logo-limits.ts'
import type { ChatContext } from './context.ts'
import { editReply, type Reply, sendReply } from './reply.ts'
import { refusedChange } from './roles.ts'
import { pageCard } from './status-page-views.ts'

/** Asks a person for the logo of a page. Their next picture in the chat is the logo. */
export const askLogo = async (context: ChatContext, { id, title }: StatusPage): Promise<Reply> => {
  const { deps, chat, messages, origin } = context
  await deps.pageLogos.ask(chat.id, id, origin.personId, deps.clock())
  return editReply({
    html: messages.statusPages.askLogo(title),
    buttons: [[{ text: messages.statusPages.back, press: { act: 'statusPage', id } }]],
  })
}

export const removeLogo = async (context: ChatContext, page: StatusPage): Promise<Reply> => {
  await context.deps.pageLogos.remove(page.chatId, page.id)
  return editReply(await pageCard(context, page))
}

/**
 * A picture of a person who was asked for a logo; null if nobody asked for one. A file that cannot be a logo is
 * explained and changes nothing, and another picture is awaited.
 */
export const answerLogo = async (
  context: ChatContext,
  { fileId, bytes }: { fileId: string; bytes: number },
): Promise<Reply | null> => {
  const { deps, chat, messages, origin, cause } = context
  const asked = await deps.pageLogos.askedOf(chat.id, origin.personId, cause.id, deps.clock())
  if (asked === null) return null
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const page = await deps.statusPages.find(chat.id, asked.id)
  if (page === null) return sendReply({ html: messages.statusPages.logoRefused.gone() })
  if (!asked.isDone) {
    const fault = await storeLogo(context, page.id, fileId, bytes)
    if (fault !== null) return sendReply({ html: messages.statusPages.logoRefused[fault]() })
  }
  return sendReply(await pageCard(context, page))
}

const storeLogo = async (
  { deps, cause, readFile }: ChatContext,
  pageId: number,
  fileId: string,
  bytes: number,
): Promise<ImageFault | null> => {
  if (bytes > logoLimits.bytes) return 'bytes'
  const { imageIn } = await import('#functions/pages/image.ts')
  // One byte more than allowed, so that a file whose size Telegram did not say is recognised as too large.
  const image = imageIn(await readFile(fileId, logoLimits.bytes + 1))
  if (typeof image === 'string') return image
  await deps.pageLogos.keep(pageId, image, cause.id)
  return null
}
