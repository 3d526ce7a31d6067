/** An expression of CloudEvents SQL, read. */
export type Expression =
  | { is: 'literal'; value: string | number | boolean }
  | { is: 'attribute'; name: string }
  | { is: 'exists'; name: string }
  | { is: 'not'; of: Expression }
  | { is: 'negate'; of: Expression }
  | { is: 'like'; of: Expression; pattern: RegExp }
  | { is: 'in'; of: Expression; set: Expression[] }
  | { is: 'logic'; operator: 'AND' | 'OR' | 'XOR'; left: Expression; right: Expression }
  | { is: 'comparison'; operator: '=' | '!=' | '<' | '<=' | '>' | '>='; left: Expression; right: Expression }
  | { is: 'arithmetic'; operator: '+' | '-' | '*' | '/' | '%'; left: Expression; right: Expression }
  | { is: 'call'; name: string; given: Expression[] }

interface Token {
  kind: 'integer' | 'text' | 'word' | 'sign' | 'end'
  text: string
  at: number
}

/** A sign right before a digit belongs to the number, as in the grammar of the specification: `a -1` is two values and no difference. */
const token =
  /\s*(?:(?<integer>[+-]?\d+(?![A-Za-z0-9_]))|(?<text>'(?:\\[\s\S]|''|[^'\\])*'|"(?:\\[\s\S]|""|[^"\\])*")|(?<word>[A-Za-z0-9_]+)|(?<sign>!=|<>|<=|>=|[=<>()+\-*/%,]))/y

const tokens = (text: string): Token[] => {
  const found: Token[] = []
  token.lastIndex = 0
  let at = 0
  while (text.slice(at).trim() !== '') {
    const match = token.exec(text)
    if (!match) throw new SyntaxError(`unexpected ${JSON.stringify(text.slice(at).trim().charAt(0))} at ${at + 1}`)
    const [kind, value] = Object.entries(match.groups!).find(([, said]) => said !== undefined)!
    found.push({ kind: kind as Token['kind'], text: value!, at })
    at = token.lastIndex
  }
  return [...found, { kind: 'end', text: 'the end', at }]
}

const keywords = ['AND', 'OR', 'XOR', 'NOT', 'LIKE', 'EXISTS', 'IN', 'TRUE', 'FALSE']

/** How tightly the binary operators bind. AND, OR and XOR are equals, and group from the right. */
const logic = 1
const comparison = 2
const sum = 3
const product = 4
const test = 5
const prefix = 6

const deepest = 200

/** Reads an expression; throws SyntaxError with what is wrong and where. */
export const parse = (text: string): Expression => {
  const all = tokens(text)
  let next = 0
  let depth = 0

  const peek = () => all[next]!
  const fail = (wanted: string): never => {
    const { text: found, at } = peek()
    throw new SyntaxError(`${wanted} expected at ${at + 1}, found ${found}`)
  }
  const isWord = (word: string) => peek().kind === 'word' && peek().text.toUpperCase() === word
  const isSign = (sign: string) => peek().kind === 'sign' && peek().text === sign
  const take = () => all[next++]!
  const takeSign = (sign: string) => (isSign(sign) ? take() : fail(sign))

  const list = (): Expression[] => {
    const items = [expression(logic)]
    while (isSign(',')) {
      take()
      items.push(expression(logic))
    }
    takeSign(')')
    return items
  }

  const primary = (): Expression => {
    const first = peek()
    if (first.kind === 'integer') {
      take()
      const value = Number(first.text)
      if (value !== (value | 0)) throw new SyntaxError(`${first.text} is not a 32-bit integer`)
      return { is: 'literal', value: value | 0 }
    }
    if (first.kind === 'text') {
      take()
      return { is: 'literal', value: unquoted(first.text) }
    }
    if (first.kind === 'sign') {
      if (isSign('(')) {
        take()
        const inner = expression(logic)
        takeSign(')')
        return inner
      }
      if (isSign('-')) {
        take()
        return { is: 'negate', of: expression(prefix) }
      }
      return fail('a value')
    }
    if (first.kind === 'end') return fail('a value')
    return word()
  }

  const word = (): Expression => {
    const { text: said } = take()
    const upper = said.toUpperCase()
    if (upper === 'NOT') return { is: 'not', of: expression(prefix) }
    if (upper === 'TRUE' || upper === 'FALSE') return { is: 'literal', value: upper === 'TRUE' }
    if (upper === 'EXISTS') {
      const name = peek().kind === 'word' && attributeName.test(peek().text) ? take().text : fail('an attribute')
      return { is: 'exists', name: name.toLowerCase() }
    }
    if (keywords.includes(upper)) {
      next--
      return fail('a value')
    }
    if (isSign('(')) {
      if (!/^[A-Z][A-Z_]*$/.test(upper)) fail('a function before the bracket')
      take()
      if (!isSign(')')) return { is: 'call', name: upper, given: list() }
      take()
      return { is: 'call', name: upper, given: [] }
    }
    if (!attributeName.test(said)) {
      next--
      return fail('an attribute')
    }
    return { is: 'attribute', name: said.toLowerCase() }
  }

  const likeness = (of: Expression): Expression => {
    const pattern = peek().kind === 'text' ? take().text : fail('a text')
    return { is: 'like', of, pattern: likePattern(unquoted(pattern)) }
  }

  const membership = (of: Expression): Expression => {
    takeSign('(')
    return { is: 'in', of, set: list() }
  }

  /** `LIKE` and `IN`, with or without a NOT before them. */
  const tested = (left: Expression): Expression | null => {
    const negated = isWord('NOT')
    const operator = negated ? all[next + 1]! : peek()
    const upper = operator.kind === 'word' ? operator.text.toUpperCase() : ''
    if (upper !== 'LIKE' && upper !== 'IN') return negated ? fail('LIKE or IN after NOT') : null
    next += negated ? 2 : 1
    const found = upper === 'LIKE' ? likeness(left) : membership(left)
    return negated ? { is: 'not', of: found } : found
  }

  const binary = (left: Expression, least: number): Expression | null => {
    if (peek().kind === 'word') {
      const operator = peek().text.toUpperCase()
      if (operator !== 'AND' && operator !== 'OR' && operator !== 'XOR') return least <= test ? tested(left) : null
      if (least > logic) return null
      take()
      return { is: 'logic', operator, left, right: expression(logic) }
    }
    if (peek().kind !== 'sign') return null
    const sign = peek().text
    switch (sign) {
      case '=':
      case '!=':
      case '<>':
      case '<':
      case '<=':
      case '>':
      case '>=':
        if (least > comparison) return null
        take()
        return { is: 'comparison', operator: sign === '<>' ? '!=' : sign, left, right: expression(comparison + 1) }
      case '+':
      case '-':
        if (least > sum) return null
        take()
        return { is: 'arithmetic', operator: sign, left, right: expression(sum + 1) }
      case '*':
      case '/':
      case '%':
        if (least > product) return null
        take()
        return { is: 'arithmetic', operator: sign, left, right: expression(product + 1) }
      default:
        return null
    }
  }

  const expression = (least: number): Expression => {
    if (++depth > deepest) throw new SyntaxError('too deeply nested')
    let left = primary()
    for (let longer = binary(left, least); longer; longer = binary(left, least)) left = longer
    depth--
    return left
  }

  const whole = expression(logic)
  if (peek().kind !== 'end') fail('an operator')
  return whole
}

const attributeName = /^[A-Za-z0-9]+$/

const unquoted = (literal: string): string => {
  const quote = literal.charAt(0)
  return literal.slice(1, -1).replaceAll(`\\${quote}`, quote)
}

/** `%` is any text, `_` one character, a backslash before either takes it as it is. */
const likePattern = (pattern: string): RegExp => {
  const parts = pattern.match(/\\[%_]|[\s\S]/gu) ?? []
  const source = parts.map(part =>
    part === '%' ? '[\\s\\S]*' : part === '_' ? '[\\s\\S]' : RegExp.escape(part.replace(/^\\(?=[%_])/, '')),
  )
  return new RegExp(`^${source.join('')}$`, 'u')
}
