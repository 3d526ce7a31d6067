import type { Language } from '#database/chats/language.ts'
import type { ComponentState, OverallState } from './component-state.ts'
import type { BarState, RangeName } from './ranges.ts'

/** The texts of the pages in one language. */
export interface PageTexts {
  states: Record<ComponentState, string>
  /** The head of a page. `down` of `all` components are down. */
  overall: Record<OverallState, (down: number, all: number) => string>
  ranges: Record<RangeName, string>
  rangeChoice: string
  bars: Record<BarState, string>
  /** The heading of the components without a group, if others have one. */
  otherGroup: string
  components: string
  /** What a page without components says. */
  noComponents: string
  /** The heading of the list of all components that are not up. */
  notUp: string
  services(count: number): string
  uptimeIn(range: string): string
  history: string
  barsOf: string
  chooseBar: string
  /** What the bars begin and end with. */
  ago(range: string): string
  untilNow: string
  affected(count: number): string
  table: {
    caption: string
    open: string
    period: string
    uptime: string
    down: string
    notChecked: string
    maintenance: string
  }
  since(state: string, duration: string): string
  /** The heading of what goes on. */
  openMatters: string
  pastPosts: string
  outages: string
  noOutages: string
  outageGoesOn(duration: string): string
  outageLasted(duration: string): string
  planned: string
  pastMaintenance: string
  maintenance: string
  allComponents: string
  updated: string
  zone: {
    /** Names the zone of the times of the page. */
    named(zone: string): string
    /** The same after the script has shown the times in the visitor's zone, whose name replaces `?`. */
    yours: string
    days(zone: string): string
    choose: string
    automatic: string
    show: string
  }
  otherLanguage: { name: string; code: string }
  parts(part: number, parts: number): string
  nextPart: string
  previousPart: string
  chart: {
    title: string
    average(ms: string): string
    highest(ms: string): string
    none: string
    response: string
    caption: string
    checks: string
    description(lowest: string, highest: string): string
  }
  why: {
    title: string
    rule: string
    /** The weights of posts, as percentages. */
    impactRule(degraded: string, partial: string, down: string): string
    impact: Record<'degraded' | 'partial' | 'down', string>
    up: string
    down: string
    unknown: string
    maintenance: string
    empty: string
  }
  checks: {
    title: string
    every(interval: string): string
    missed(missed: number, all: string): string
    late(half: string, most: string): string
    never: string
    /** The name of the number of missed checks. */
    notDone: string
  }
  logo(title: string): string
  notFound: { title: string; text: string }
  unavailable: { title: string; text: string }
  subscribe: string
  subscribeToService: string
  /** A short link to the messages about one service, whose name follows for screen readers. */
  follow: string
  files: string
  madeWith: string
}

const inPortuguese = (count: number) => count.toLocaleString('pt-BR')
const inEnglish = (count: number) => count.toLocaleString('en')

const pt: PageTexts = {
  states: {
    up: 'Funcionando',
    slow: 'Lento',
    degraded: 'Desempenho degradado',
    partial: 'Parcialmente fora do ar',
    down: 'Fora do ar',
    maintenance: 'Em manutenção',
    unknown: 'Sem dados recentes',
    waiting: 'Aguardando a primeira verificação',
    paused: 'Monitoramento pausado',
  },
  overall: {
    none: () => 'Nada é monitorado nesta página',
    up: () => 'Tudo funcionando',
    slow: () => 'Tudo no ar, com lentidão',
    degraded: () => 'Tudo no ar, com desempenho degradado',
    partial: () => 'Alguns serviços estão parcialmente fora do ar',
    someDown: (down, all) =>
      `${inPortuguese(down)} de ${inPortuguese(all)} serviços ${down === 1 ? 'está' : 'estão'} fora do ar`,
    allDown: (_, all) => (all === 1 ? 'O serviço está fora do ar' : 'Todos os serviços estão fora do ar'),
    maintenance: () => 'Manutenção em andamento',
    unknown: () => 'Faltam dados recentes de alguns serviços',
  },
  ranges: { '24h': '24 horas', '7d': '7 dias', '30d': '30 dias', '90d': '90 dias', '365d': '365 dias' },
  rangeChoice: 'Período mostrado',
  bars: {
    up: 'sem queda',
    partial: 'com queda',
    down: 'fora do ar na maior parte do tempo',
    maintenance: 'em manutenção',
    unknown: 'não verificado',
    empty: 'sem dados',
  },
  otherGroup: 'Outros',
  components: 'Serviços',
  noComponents:
    'Os serviços aparecem aqui assim que forem adicionados à página. Quem cuida dela escolhe os serviços no chat com o bot: /pagina.',
  notUp: 'Serviços com problemas',
  services: count => (count === 1 ? '1 serviço' : `${inPortuguese(count)} serviços`),
  uptimeIn: range => `Disponível em ${range}`,
  history: 'Histórico',
  barsOf: 'Histórico de',
  chooseBar: 'Escolha uma barra com um toque, com o mouse ou com as setas do teclado.',
  ago: range => `há ${range}`,
  untilNow: 'agora',
  affected: count =>
    count === 0 ? 'nenhum período com queda' : count === 1 ? '1 período com queda' : `${count} períodos com queda`,
  table: {
    caption: 'Disponibilidade de',
    open: 'Ver a tabela',
    period: 'Período',
    uptime: 'Disponível',
    down: 'Fora do ar',
    notChecked: 'Não verificado',
    maintenance: 'Manutenção',
  },
  since: (state, duration) => `${state} há ${duration}`,
  openMatters: 'Em andamento',
  pastPosts: 'Avisos anteriores',
  outages: 'Quedas',
  noOutages: 'Nenhuma queda neste período.',
  outageGoesOn: duration => `fora do ar há ${duration}`,
  outageLasted: duration => `durou ${duration}`,
  planned: 'Manutenção prevista',
  pastMaintenance: 'Manutenções anteriores',
  maintenance: 'Manutenção',
  allComponents: 'todos os serviços',
  updated: 'Atualizado:',
  zone: {
    named: zone => `Fuso dos horários: ${zone}.`,
    yours: 'Fuso dos horários: o seu (?).',
    days: zone => `Os dias do histórico seguem outro fuso: ${zone}.`,
    choose: 'Ver em outro fuso:',
    automatic: 'automático',
    show: 'Mostrar',
  },
  otherLanguage: { name: 'English', code: 'en' },
  parts: (part, parts) => `Parte ${part} de ${parts}`,
  nextPart: 'Próximos serviços',
  previousPart: 'Serviços anteriores',
  chart: {
    title: 'Tempo de resposta',
    average: ms => `Média: ${ms}`,
    highest: ms => `Maior média: ${ms}`,
    none: 'Ainda não há tempos de resposta neste período.',
    response: 'Resposta média',
    caption: 'Tempos de resposta de',
    checks: 'Verificações boas',
    description: (lowest, highest) => `Médias entre ${lowest} e ${highest}`,
  },
  why: {
    title: 'Por que este número',
    rule: 'Disponibilidade = tempo no ar ÷ (tempo no ar + tempo fora do ar). Cada verificação conta pelo seu intervalo. O tempo não verificado e o de manutenção não contam.',
    impactRule: (degraded, partial, down) =>
      `Enquanto um aviso dizia que o serviço foi afetado, o tempo no ar conta em parte como fora do ar: desempenho degradado ${degraded}, parcialmente fora do ar ${partial}, fora do ar ${down}.`,
    impact: {
      degraded: 'No ar, com desempenho degradado',
      partial: 'No ar, com aviso de queda parcial',
      down: 'No ar, com aviso de queda',
    },
    up: 'No ar',
    down: 'Fora do ar',
    unknown: 'Não verificado',
    maintenance: 'Em manutenção',
    empty: 'Ainda não há verificações neste período.',
  },
  checks: {
    title: 'Qualidade das verificações',
    every: interval => `Uma verificação a cada ${interval}.`,
    missed: (missed, all) =>
      missed === 0
        ? `Nenhuma de ${all} verificações deixou de ser feita neste período.`
        : `${inPortuguese(missed)} de ${all} verificações deixaram de ser feitas neste período.`,
    late: (half, most) => `Nas últimas 24 h, metade começou com até ${half} de atraso, e 99 % com até ${most}.`,
    never: 'Nenhuma verificação nas últimas 24 h.',
    notDone: 'Verificações não feitas',
  },
  logo: title => `Logotipo: ${title}`,
  notFound: {
    title: 'Página não encontrada',
    text: 'Não existe uma página de status neste endereço. Se ela é só para os membros de um chat, abra-a de novo pelo botão do bot.',
  },
  unavailable: {
    title: 'Página indisponível no momento',
    text: 'A página não pôde ser lida agora. Tente de novo em alguns segundos.',
  },
  subscribe: 'Receber avisos no Telegram',
  subscribeToService: 'Receber avisos deste serviço no Telegram',
  follow: 'Receber avisos',
  files: 'Quedas e manutenções para programas',
  madeWith: 'Monitorado por Vigia',
}

const en: PageTexts = {
  states: {
    up: 'Operational',
    slow: 'Slow',
    degraded: 'Degraded performance',
    partial: 'Partial outage',
    down: 'Down',
    maintenance: 'Under maintenance',
    unknown: 'No recent data',
    waiting: 'Waiting for the first check',
    paused: 'Monitoring paused',
  },
  overall: {
    none: () => 'Nothing is monitored on this page',
    up: () => 'All systems operational',
    slow: () => 'Everything is up, but slow',
    degraded: () => 'Everything is up, with degraded performance',
    partial: () => 'Some services have a partial outage',
    someDown: (down, all) => `${inEnglish(down)} of ${inEnglish(all)} services ${down === 1 ? 'is' : 'are'} down`,
    allDown: (_, all) => (all === 1 ? 'The service is down' : 'All services are down'),
    maintenance: () => 'Maintenance in progress',
    unknown: () => 'Some services have no recent data',
  },
  ranges: { '24h': '24 hours', '7d': '7 days', '30d': '30 days', '90d': '90 days', '365d': '365 days' },
  rangeChoice: 'Period shown',
  bars: {
    up: 'no outage',
    partial: 'with an outage',
    down: 'down most of the time',
    maintenance: 'under maintenance',
    unknown: 'not checked',
    empty: 'no data',
  },
  otherGroup: 'Others',
  components: 'Services',
  noComponents:
    'Services appear here as soon as they are added to the page. The people who run it choose them in the chat with the bot: /page.',
  notUp: 'Services with problems',
  services: count => (count === 1 ? '1 service' : `${inEnglish(count)} services`),
  uptimeIn: range => `Available in ${range}`,
  history: 'History',
  barsOf: 'History of',
  chooseBar: 'Choose a bar by touch, by mouse or by the arrow keys.',
  ago: range => `${range} ago`,
  untilNow: 'now',
  affected: count =>
    count === 0
      ? 'no period with an outage'
      : count === 1
        ? '1 period with an outage'
        : `${count} periods with an outage`,
  table: {
    caption: 'Availability of',
    open: 'Show the table',
    period: 'Period',
    uptime: 'Available',
    down: 'Down',
    notChecked: 'Not checked',
    maintenance: 'Maintenance',
  },
  since: (state, duration) => `${state} for ${duration}`,
  openMatters: 'In progress',
  pastPosts: 'Past notices',
  outages: 'Outages',
  noOutages: 'No outage in this period.',
  outageGoesOn: duration => `down for ${duration}`,
  outageLasted: duration => `lasted ${duration}`,
  planned: 'Planned maintenance',
  pastMaintenance: 'Past maintenance',
  maintenance: 'Maintenance',
  allComponents: 'all services',
  updated: 'Updated:',
  zone: {
    named: zone => `Time zone: ${zone}.`,
    yours: 'Time zone: yours (?).',
    days: zone => `The days of the history are those of another zone: ${zone}.`,
    choose: 'Show another time zone:',
    automatic: 'automatic',
    show: 'Show',
  },
  otherLanguage: { name: 'Português', code: 'pt-BR' },
  parts: (part, parts) => `Part ${part} of ${parts}`,
  nextPart: 'Next services',
  previousPart: 'Previous services',
  chart: {
    title: 'Response time',
    average: ms => `Average: ${ms}`,
    highest: ms => `Highest average: ${ms}`,
    none: 'There are no response times in this period yet.',
    response: 'Average response',
    caption: 'Response times of',
    checks: 'Good checks',
    description: (lowest, highest) => `Averages between ${lowest} and ${highest}`,
  },
  why: {
    title: 'Why this figure',
    rule: 'Availability = time up ÷ (time up + time down). Each check counts with its interval. Time that was not checked and maintenance do not count.',
    impactRule: (degraded, partial, down) =>
      `While a notice said that the service was affected, a part of the time up counts as down: degraded performance ${degraded}, partial outage ${partial}, down ${down}.`,
    impact: {
      degraded: 'Up, with a notice of degraded performance',
      partial: 'Up, with a notice of a partial outage',
      down: 'Up, with a notice of an outage',
    },
    up: 'Up',
    down: 'Down',
    unknown: 'Not checked',
    maintenance: 'Under maintenance',
    empty: 'There are no checks in this period yet.',
  },
  checks: {
    title: 'Quality of the checks',
    every: interval => `One check every ${interval}.`,
    missed: (missed, all) =>
      missed === 0
        ? `None of ${all} checks was missed in this period.`
        : `${inEnglish(missed)} of ${all} checks were missed in this period.`,
    late: (half, most) => `In the last 24 h, half of them began at most ${half} late, and 99 % at most ${most} late.`,
    never: 'No check in the last 24 h.',
    notDone: 'Missed checks',
  },
  logo: title => `Logo: ${title}`,
  notFound: {
    title: 'Page not found',
    text: 'There is no status page at this address. If it is only for the members of a chat, open it again with the button of the bot.',
  },
  unavailable: {
    title: 'The page is unavailable at the moment',
    text: 'The page could not be read. Try again in a few seconds.',
  },
  subscribe: 'Get messages in Telegram',
  subscribeToService: 'Get messages about this service in Telegram',
  follow: 'Get messages',
  files: 'Outages and maintenance for programs',
  madeWith: 'Monitored by Vigia',
}

export const pageTexts: Record<Language, PageTexts> = { 'pt-BR': pt, en }
