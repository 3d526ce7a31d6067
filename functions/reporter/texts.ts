import type { Language } from '#database/chats/language.ts'

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

const ptBR = {
  title: { daily: 'Relatório diário', weekly: 'Relatório semanal' },
  titleOnDemand: { daily: 'Últimas 24 horas', weekly: 'Últimos 7 dias' },
  up: (percent: string) => `${percent} no ar`,
  monitors: (count: number) => counted(count, 'monitor', 'monitores'),
  noChecks: 'sem verificações neste período',
  outages: (count: number, duration: string) => `${counted(count, 'queda', 'quedas')}, ${duration} fora do ar`,
  noOutages: 'nenhuma queda',
  stillDown: (duration: string) => `${duration} até agora`,
  slowest: 'Mais lentos',
  unknown: (count: number) => `${counted(count, 'verificação', 'verificações')} sem resultado por um problema meu`,
  aired: 'Saíram',
  noneAired: 'Nada saiu neste período.',
  upcoming: 'Próximos 7 dias',
  noneUpcoming: 'Nada previsto para os próximos 7 dias.',
  seriesUnavailable: 'Não consegui abrir o catálogo de séries agora.',
  more: (count: number) => `… e mais ${count}`,
  moreMonitors: (count: number, percent: string) =>
    `e mais ${counted(count, 'monitor', 'monitores')}, com ${percent} no ar ou mais`,
  moreWithoutChecks: (count: number) => `e mais ${counted(count, 'monitor', 'monitores')}`,
  nothing: 'Ainda não há o que relatar: você não segue séries nem tem monitores. Veja /ajuda.',
  noData: 'sem dados',
  legend: { up: 'no ar', down: 'fora do ar', none: 'sem dados' },
  settings: '/relatorio muda ou desliga este relatório',
}

const en: typeof ptBR = {
  title: { daily: 'Daily report', weekly: 'Weekly report' },
  titleOnDemand: { daily: 'The last 24 hours', weekly: 'The last 7 days' },
  up: percent => `${percent} up`,
  monitors: count => counted(count, 'monitor', 'monitors'),
  noChecks: 'no checks in this period',
  outages: (count, duration) => `${counted(count, 'outage', 'outages')}, ${duration} down`,
  noOutages: 'no outages',
  stillDown: duration => `${duration} so far`,
  slowest: 'Slowest',
  unknown: count => `${counted(count, 'check', 'checks')} without a result because of a problem on my side`,
  aired: 'Came out',
  noneAired: 'Nothing came out in this period.',
  upcoming: 'Next 7 days',
  noneUpcoming: 'Nothing is scheduled for the next 7 days.',
  seriesUnavailable: 'I could not open the series catalogue just now.',
  more: count => `… and ${count} more`,
  moreMonitors: (count, percent) => `and ${counted(count, 'more monitor', 'more monitors')}, up ${percent} or more`,
  moreWithoutChecks: count => `and ${counted(count, 'more monitor', 'more monitors')}`,
  nothing: 'There is nothing to report yet: you follow no series and have no monitors. See /help.',
  noData: 'no data',
  legend: { up: 'up', down: 'down', none: 'no data' },
  settings: '/report changes or stops this report',
}

/** The texts of the report. */
export const reportTexts: Record<Language, typeof ptBR> = { 'pt-BR': ptBR, en }
