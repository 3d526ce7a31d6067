import type { Language } from '#database/chats/language.ts'

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

const ptBR = {
  title: (year: number) => `Suas séries em ${year}`,
  episodes: (count: number) => counted(count, 'episódio', 'episódios'),
  series: (count: number) => counted(count, 'série', 'séries'),
  /** Less than an hour is said in minutes. */
  hours: (minutes: number) => (minutes < 60 ? `${minutes} min` : `${Math.round(minutes / 60)} h`),
  best: 'Mais vistas',
  busiest: (month: string, episodes: string) => `Mês com mais episódios: ${month}, com ${episodes}.`,
  withoutLength: (count: number) =>
    `Sem contar a duração de ${counted(count, 'episódio', 'episódios')}, que o TVmaze não informa.`,
  undated: (count: number) =>
    count === 1
      ? 'Outro episódio visto veio de um arquivo sem datas e não entra em nenhum ano.'
      : `Outros ${count} episódios vistos vieram de um arquivo sem datas e não entram em nenhum ano.`,
  nothing: (year: number) =>
    `Em ${year} você não marcou nenhum episódio como visto. Para marcar: /visto T2E5, /continuar`,
  unavailable: 'Não consegui abrir o catálogo de séries agora. Tente de novo daqui a pouco.',
}

const en: typeof ptBR = {
  title: year => `Your series in ${year}`,
  episodes: count => counted(count, 'episode', 'episodes'),
  series: count => counted(count, 'series', 'series'),
  hours: minutes => (minutes < 60 ? `${minutes} min` : `${Math.round(minutes / 60)} h`),
  best: 'Most watched',
  busiest: (month, episodes) => `The month with the most episodes: ${month}, with ${episodes}.`,
  withoutLength: count => `Without the length of ${counted(count, 'episode', 'episodes')}, which TVmaze does not give.`,
  undated: count =>
    count === 1
      ? 'One more seen episode came from a file without dates and is in no year.'
      : `${count} more seen episodes came from a file without dates and are in no year.`,
  nothing: year => `You marked no episode as seen in ${year}. To mark one: /seen S2E5, /watchlist`,
  unavailable: 'I could not open the series catalogue just now. Please try again in a little while.',
}

/** The texts of the statistics of a year. */
export const yearTexts: Record<Language, typeof ptBR> = { 'pt-BR': ptBR, en }
