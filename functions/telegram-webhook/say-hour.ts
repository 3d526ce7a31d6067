import type { Language } from '#database/chats/language.ts'

/** `8h`, in English `8 AM`. */
export const sayHour = (hour: number, language: Language): string =>
  language === 'pt-BR' ? `${hour}h` : `${hour % 12 === 0 ? 12 : hour % 12} ${hour < 12 ? 'AM' : 'PM'}`
