import type { Language } from './words.ts'

/** Something to try: words, and what to send for it. `at` is when it pays off, `link` a page that belongs to it. */
export interface Hint {
  words: string
  send?: string
  at?: string
  link?: string
}

/** The first steps of a newcomer, in their language. */
export const hints = (
  language: Language,
  { nextEpisode, sitesUrl }: { nextEpisode?: Date | undefined; sitesUrl?: string | undefined },
): Hint[] => {
  const isPortuguese = language === 'pt-BR'
  const steps: Hint[] = [{ words: isPortuguese ? 'Diga oi ao bot' : 'Say hello to the bot', send: '/start' }]
  if (nextEpisode !== undefined) {
    steps.push({
      words: isPortuguese
        ? 'Siga esta série: ela passa a cada cinco minutos, e o aviso chega logo depois'
        : 'Follow this series: it airs every five minutes, and the notice comes right after',
      send: 'Plantão Relâmpago',
      at: nextEpisode.toISOString(),
    })
  }
  if (sitesUrl !== undefined) {
    steps.push({
      words: isPortuguese
        ? 'Mande vigiar este site de teste e depois tire-o do ar na página dos sites'
        : 'Have this test site watched, then take it down on the page of the sites',
      send: `${isPortuguese ? '/monitorar' : '/monitor'} ${sitesUrl}/shop 10s`,
      link: `${sitesUrl}/`,
    })
  }
  steps.push({
    words: isPortuguese
      ? 'Procure outra por parte do nome: “farol”, “maré”, “porto”. As séries daqui são inventadas'
      : 'Look for another one by part of its name: “lighthouse”, “signal”, “harbor”. The series here are invented',
    send: isPortuguese ? 'farol' : 'lighthouse',
  })
  return steps
}
