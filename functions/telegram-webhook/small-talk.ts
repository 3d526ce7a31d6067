import { folded } from '#functions/wording/fold.ts'

/** Kinds of texts that are not the name of a series. `wordless`: the text has no letter and no digit. */
export type SmallTalk = 'greeting' | 'thanks' | 'goodbye' | 'acknowledgement' | 'help' | 'wordless'

const phrases: [SmallTalk, string][] = [
  [
    'greeting',
    'oi|ola|opa|oie|alo|salve|eai|e ai|bom dia|boa tarde|boa noite|tudo bem|tudo bom|tudo certo|tudo joia|como vai|como vai voce|' +
      'hi|hello|hey|hiya|howdy|hi there|hello there|hey there|good morning|good afternoon|good evening|good night|' +
      'how are you|how are you doing|how is it going|whats up|what s up',
  ],
  [
    'thanks',
    'obrigado|obrigada|muito obrigado|muito obrigada|brigado|brigada|obrigadao|obg|valeu|vlw|valeu demais|grato|grata|agradecido|' +
      'agradecida|thanks|thank you|thank you very much|thank you so much|thanks a lot|many thanks|thx|tks|ty',
  ],
  [
    'goodbye',
    'tchau|ate logo|ate mais|ate amanha|ate breve|falou|flw|bye|bye bye|goodbye|good bye|see you|see you later|see ya',
  ],
  [
    'acknowledgement',
    'ok|okay|blz|beleza|certo|ta bom|ta certo|esta bem|entendi|pode ser|sim|nao|got it|all right|alright|yes|no|nope|yep',
  ],
  [
    'help',
    'ajuda|me ajuda|socorro|help|help me|menu|comandos|commands|o que voce faz|o que vc faz|como funciona|como usar|como uso|' +
      'what can you do|what do you do|how does it work|how does this work|how do i use this',
  ],
]

const kindOfPhrase = new Map(phrases.flatMap(([kind, all]) => all.split('|').map(phrase => [phrase, kind] as const)))
const longestFirst = [...kindOfPhrase.keys()].toSorted((one, other) => other.length - one.length).join('|')
const leadingPhrase = new RegExp(`^(${longestFirst})(?: |$)`)
// Words that may stand after a greeting, such as the person who is greeted.
const addressee = /^(?:vigia|bot|amigo|amiga|pessoal|gente|there|de novo|again|mesmo)(?: |$)/

/**
 * The kind of small talk; null for a text that may be the name of a series. `Oiii, bom dia!` is a greeting;
 * `Bom dia, Verônica` is a name.
 */
export const smallTalk = (text: string): SmallTalk | null => {
  const words = folded(text)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
  if (words === '') return 'wordless'
  // Tries the text also without repeated letters: `oiiii` is `oi`, `helloooo` is `hello`.
  for (let rest of new Set([words, words.replace(/(\p{L})\1{2,}/gu, '$1'), words.replace(/(\p{L})\1+/gu, '$1')])) {
    let kind: SmallTalk | null = null
    while (rest !== '') {
      const phrase = leadingPhrase.exec(rest)
      if (phrase) kind ??= kindOfPhrase.get(phrase[1]!)!
      const matched = phrase ?? (kind === null ? null : addressee.exec(rest))
      if (!matched) break
      rest = rest.slice(matched[0].length)
    }
    if (rest === '') return kind
  }
  return null
}

// Phrases before the name of a series.
const leads = new Set([
  ...kindOfPhrase.keys(),
  ...(
    'vigia|bot|amigo|amiga|pessoal|gente|there|quero seguir|quero acompanhar|quero ver|seguir|segue|siga|acompanhar|buscar|busca|' +
    'procurar|procura|pesquisar|me avisa de|me avise de|a serie|serie|por favor|i want to follow|id like to follow|follow|search|' +
    'search for|find|please|the series|the show|tell me about'
  ).split('|'),
])
const longestLead = Math.max(...[...leads].map(lead => lead.split(' ').length))

/**
 * The name in `Oi, Severance`, `@VigiaBot Severance` or `quero seguir Severance`; null if the text has nothing before
 * the name, or no name.
 */
export const nameIn = (text: string): string | null => {
  const withoutMention = text.replace(/^\s*@\w+\s+/, '')
  const words = [...withoutMention.matchAll(/[\p{L}\p{M}\p{N}'’]+/gu)]
  const plain = words.map(([word]) => folded(word).replace(/['’]/g, ''))
  let at = 0
  for (let length = longestLead; length > 0; length--) {
    if (!leads.has(plain.slice(at, at + length).join(' '))) continue
    at += length
    length = longestLead + 1
  }
  const name = words[at] === undefined ? '' : withoutMention.slice(words[at]?.index)
  return name === '' || name === text ? null : name
}
