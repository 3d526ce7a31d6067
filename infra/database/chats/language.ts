/** A language of the bot and of all pages. The table `chat` allows exactly these values. */
export type Language = 'pt-BR' | 'en'
