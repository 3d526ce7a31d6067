import { folded } from '#functions/wording/fold.ts'

/** The names of each command. Portuguese and English names work in every chat, whatever its language. */
const names = {
  start: ['start'],
  help: ['ajuda', 'help', 'sobre', 'about'],
  search: ['buscar', 'search', 'seguir', 'follow'],
  series: ['series', 'shows', 'serie', 'show'],
  upcoming: ['proximos', 'upcoming', 'proximo', 'next'],
  today: ['hoje', 'today'],
  watchlist: ['continuar', 'watchlist', 'continue'],
  calendar: ['agenda', 'calendar', 'calendario', 'ical'],
  seen: ['visto', 'seen', 'vi', 'watched', 'vistos'],
  notices: ['config', 'settings', 'notificacoes', 'notifications', 'ajustes'],
  quiet: ['silencio', 'quiet'],
  monitor: ['monitorar', 'monitor'],
  monitors: ['monitores', 'monitors'],
  heartbeat: ['batimento', 'heartbeat', 'batimentos', 'heartbeats'],
  maintenance: ['manutencao', 'maintenance'],
  incidents: ['incidentes', 'incidents', 'incidente', 'incident', 'quedas', 'outages'],
  statusPage: ['pagina', 'page', 'paginas', 'pages', 'status'],
  post: ['aviso', 'notice', 'avisos', 'notices'],
  subscriptions: ['inscricoes', 'subscriptions', 'inscricao', 'subscription'],
  report: ['relatorio', 'report', 'relatorios', 'reports'],
  statistics: ['estatisticas', 'stats', 'estatistica', 'statistics', 'retrospectiva'],
  export: ['exportar', 'export'],
  erase: ['excluir', 'deleteme', 'delete_me', 'apagar'],
  zone: ['fuso', 'timezone'],
  keys: ['chave', 'apikey', 'chaves', 'apikeys'],
  webhook: ['webhook', 'webhooks'],
  language: ['idioma', 'language'],
} as const

export type Command = keyof typeof names

const byName = new Map<string, Command>(
  Object.entries(names).flatMap(([command, aliases]) => aliases.map(alias => [alias, command as Command] as const)),
)

/**
 * The command with this name (without the slash). Accents, capitals and punctuation at the end do not matter:
 * `Próximos`, `hoje!`.
 */
export const commandNamed = (name: string): Command | undefined => byName.get(folded(name).replace(/[\p{P}`]+$/u, ''))

/**
 * Parses a text that begins like a command. Characters that look like a slash are accepted too. A mention, quotes or
 * bullets may stand before the command: `/hoje`, `／hoje`, `/ hoje`, `\hoje`, `/hoje@VigiaBot x`, `@VigiaBot /hoje x`,
 * `• /hoje`, `“/hoje”`. Null for other texts.
 */
export const parseCommand = (text: string): { name: string; bot: string | null; argument: string } | null => {
  const [, mention, name, bot = mention ?? null, argument = ''] =
    /^[\s•·*"'“”‘’«`–—-]*(?:@(\w+)\s+)?[/\\\uFF0F\u2044\u2215]\s?([^\s@\uFF20]+)(?:[@\uFF20](\w+))?\s*([\s\S]*)$/u.exec(
      text,
    ) ?? []
  return name === undefined ? null : { name, bot, argument }
}
