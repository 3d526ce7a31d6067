export interface Token {
  kind: 'integer' | 'text' | 'word' | 'sign' | 'end'
  text: string
  /** The index where the previous token ends. */
  at: number
}

/**
 * Matches one token. A plus or minus right before a digit belongs to the number, as the specification says: `a -1` is
 * two values, not a subtraction.
 */
const tokenPattern =
  /\s*(?:(?<integer>[+-]?\d+(?![A-Za-z0-9_]))|(?<text>'(?:\\[\s\S]|''|[^'\\])*'|"(?:\\[\s\S]|""|[^"\\])*")|(?<word>[A-Za-z0-9_]+)|(?<sign>!=|<>|<=|>=|[=<>()+\-*/%,]))/y

/** The tokens of an expression; the last token is `end`. Throws SyntaxError. */
export const tokensIn = (text: string): Token[] => {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  let at = 0
  while (text.slice(at).trim() !== '') {
    const match = tokenPattern.exec(text)
    if (!match)
      throw new SyntaxError(`unexpected ${JSON.stringify(text.slice(at).trim().charAt(0))} at character ${at + 1}`)
    const [kind, matched] = Object.entries(match.groups!).find(([, group]) => group !== undefined)!
    tokens.push({ kind: kind as Token['kind'], text: matched!, at })
    at = tokenPattern.lastIndex
  }
  return [...tokens, { kind: 'end', text: 'the end', at }]
}
