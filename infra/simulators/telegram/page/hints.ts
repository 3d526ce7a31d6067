import type { Language } from '#database/chats/language.ts'

/**
 * A suggestion: a text and the message to send. `at` is when the next episode of the suggested series airs (ISO), and
 * `link` is a page that belongs to the suggestion.
 */
export interface Hint {
  text: string
  send?: string
  at?: string
  link?: string
}

/** The first steps for a newcomer, in their language. */
export const hints = (
  language: Language,
  { nextEpisode, sitesUrl }: { nextEpisode?: Date | undefined; sitesUrl?: string | undefined },
): Hint[] => {
  const isPortuguese = language === 'pt-BR'
  const steps: Hint[] = [{ text: isPortuguese ? 'Diga oi ao bot' : 'Say hello to the bot', send: '/start' }]
  if (nextEpisode !== undefined) {
    steps.push({
      text: isPortuguese
        ? 'Siga esta série: ela passa a cada cinco minutos, e o aviso chega logo depois'
        : 'Follow this series: it airs every five minutes, and the message comes right after',
      send: 'Plantão Relâmpago',
      at: nextEpisode.toISOString(),
    })
  }
  if (sitesUrl !== undefined) {
    steps.push({
      text: isPortuguese
        ? 'Mande vigiar este site de teste e depois tire-o do ar na página dos sites'
        : 'Ask the bot to watch this test site, then take it down on the sites page',
      send: `${isPortuguese ? '/monitorar' : '/monitor'} ${sitesUrl}/shop 10s`,
      link: `${sitesUrl}/`,
    })
  }
  steps.push({
    text: isPortuguese
      ? 'Procure outra por parte do nome: “farol”, “maré”, “porto”. As séries daqui são inventadas'
      : 'Search for another series by part of its name: “lighthouse”, “signal”, “harbor”. The series here are made up',
    send: isPortuguese ? 'farol' : 'lighthouse',
  })
  return steps
}
