import type { Language } from '#database/chats/language.ts'

/**
 * The link that opens the bot with the card of a show: https://t.me/VigiaBot?start=s_82. `botName` is the user name of
 * the bot without @.
 */
export const showLink = (botName: string, showId: number): string => `https://t.me/${botName}?start=s_${showId}`

const invitations: Record<Language, (name: string) => string> = {
  'pt-BR': name => `${name}: o Vigia avisa quando sai episódio novo.`,
  en: name => `${name}: Vigia tells you when a new episode is out.`,
}

/** A link with which a person sends `showLink` to a chat of their choice; Telegram asks for the chat. */
export const shareLink = (botName: string, show: { id: number; name: string }, language: Language): string => {
  const query = new URLSearchParams({ url: showLink(botName, show.id), text: invitations[language](show.name) })
  // Some apps of Telegram show a plus as it is.
  return `https://t.me/share/url?${String(query).replaceAll('+', '%20')}`
}
