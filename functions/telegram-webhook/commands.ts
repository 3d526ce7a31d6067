/** Every name of every command: Portuguese and English mean the same, whatever language the chat has. */
const names = {
  start: ['start'],
  help: ['ajuda', 'help', 'sobre', 'about'],
  search: ['buscar', 'search'],
  series: ['series', 'shows'],
  upcoming: ['proximos', 'upcoming'],
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

/** Without accents, lower case: `/Próximos` is `/proximos`. */
export const folded = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()

/** The command of that name (without the slash), however it is written. */
export const commandNamed = (name: string): Command | undefined => byName.get(folded(name))

/** All names, for the library that routes by them. */
export const commandNames: readonly string[] = [...byName.keys()]
