/** Words before the request: `Oi, você pode vigiar …`, `Please watch …`. */
const lead =
  /^(?:oi|olá|ola|hi|hello|hey|vigia,|bot|por\s+favor|please|pode|poderia|voc[eê]\s+pode|can\s+you|could\s+you|quero\s+que\s+(?:voc[eê]\s+)?|i\s+want\s+you\s+to|me\s+avis[ae]\s+se|tell\s+me\s+(?:if|when))[\s,:!]+/i

const verb =
  /^(?:vigi(?:a|e|ar)|monitor(?:a|e|ar)?|watch|check|verifi(?:ca|que|car)|acompanh(?:a|e|ar)|observ(?:a|e|ar)|fi(?:ca|que)\s+de\s+olho\s+(?:em|no|na)|keep\s+(?:an\s+eye|watch)\s+on)[\s:]+(?=\S)/i

/** Words around the address that say nothing about the monitor. */
const fillers =
  /(?<=^|\s)(?:(?:o|a|meu|minha|the|my)\s+(?:site|p[aá]gina|servidor|endere[cç]o|link|url|website|page|server|address)|(?:para|pra)\s+mim|por\s+favor|for\s+me|please|(?:com|with)(?=\s+(?:o\s+|a\s+)?(?:limite|limit|timeout)))(?=[\s,.!?]|$)/gi

/**
 * A token that can only be an address: with a scheme, a domain with a top-level domain of letters, or an IPv4 address.
 */
const address =
  /(?:^|\s)[<("'“]*(?:[a-z][a-z\d+.-]*:\/\/\S|(?:[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?\.)+\p{L}{2,}(?=[\s:/?#,;.!)>"'”]|$)|\d{1,3}(?:\.\d{1,3}){3}(?=[\s:/,;.!]|$))/iu

/**
 * What stands after /monitorar, without the words that say nothing about the monitor: `o site meusite.com, por favor`
 * is `meusite.com,`.
 */
export const withoutFillers = (text: string): string => text.replace(fillers, ' ').replace(/\s+/g, ' ').trim()

/**
 * The request in a sentence that asks to watch an address, as it would stand after /monitorar: for `vigia meusite.com a
 * cada 5 minutos` it is `meusite.com a cada 5 minutos`. Null for other texts, because they may be names of series:
 * `Watch Dogs`.
 */
export const watchRequest = (text: string): string | null => {
  let rest = text.trim()
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest.replace(lead, '')
  }
  const [asked] = verb.exec(rest) ?? []
  if (asked === undefined) return null
  const wanted = withoutFillers(rest.slice(asked.length))
  return address.test(wanted) ? wanted.replace(/[\s?!.]+$/, '') : null
}
