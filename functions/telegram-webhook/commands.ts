import { folded } from '#functions/wording/fold.ts'

/** Every name of every command: Portuguese and English mean the same, whatever language the chat has. */
const names = {
  start: ['start'],
  help: ['ajuda', 'help', 'sobre', 'about'],
  search: ['buscar', 'search', 'seguir', 'follow'],
  series: ['series', 'shows', 'serie', 'show'],
  upcoming: ['proximos', 'upcoming', 'proximo', 'next'],
  today: ['hoje', 'today'],
  monitor: ['monitorar', 'monitor'],
  monitors: ['monitores', 'monitors'],
  zone: ['fuso', 'timezone'],
  language: ['idioma', 'language'],
} as const

export type Command = keyof typeof names

const byName = new Map<string, Command>(
  Object.entries(names).flatMap(([command, aliases]) => aliases.map(alias => [alias, command as Command] as const)),
)

/** The command of that name (without the slash), however it is written: `Próximos`, `hoje!`. */
export const commandNamed = (name: string): Command | undefined => byName.get(folded(name).replace(/[\p{P}`]+$/u, ''))

/**
 * A text that begins like a command, whatever keyboard wrote it: `/hoje`, `／hoje`, `/ hoje`, `\\hoje`, `/hoje@VigiaBot x`,
 * `@VigiaBot /hoje x`, `• /hoje`, `“/hoje”`. Null for every other text.
 */
export const parseCommand = (text: string): { name: string; bot: string | null; argument: string } | null => {
  const [, mention, name, bot = mention ?? null, argument = ''] =
    /^[\s•·*"'“”‘’«`–—-]*(?:@(\w+)\s+)?[/\\\uFF0F\u2044\u2215]\s?([^\s@\uFF20]+)(?:[@\uFF20](\w+))?\s*([\s\S]*)$/u.exec(
      text,
    ) ?? []
  return name === undefined ? null : { name, bot, argument }
}

/** All names, for the library that routes by them. */
export const commandNames: readonly string[] = [...byName.keys()]
