import type { Expression } from './cesql-expression.ts'
import { type Token, tokensIn } from './cesql-tokens.ts'

/** Parses an expression. Throws a SyntaxError that says what is wrong and where. */
export const parse = (text: string): Expression => new Parser(text).parse()

const keywords = ['AND', 'OR', 'XOR', 'NOT', 'LIKE', 'EXISTS', 'IN', 'TRUE', 'FALSE']

/**
 * The precedence of the operators; a higher number binds tighter. AND, OR and XOR have equal precedence and are
 * right-associative.
 */
const precedence = { logic: 1, comparison: 2, sum: 3, product: 4, test: 5, prefix: 6 }

const maxDepth = 200

const attributeName = /^[A-Za-z0-9]+$/

/** A recursive descent parser with precedence climbing. */
class Parser {
  readonly #tokens: Token[]
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokensIn(text)
  }

  parse(): Expression {
    const whole = this.#expression(precedence.logic)
    if (this.#peek().kind !== 'end') this.#fail('an operator')
    return whole
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #take(): Token {
    return this.#tokens[this.#next++]!
  }

  #fail(expected: string): never {
    const { text, at } = this.#peek()
    throw new SyntaxError(`${expected} expected at character ${at + 1}, found ${text}`)
  }

  #isSign(sign: string): boolean {
    return this.#peek().kind === 'sign' && this.#peek().text === sign
  }

  #takeSign(sign: string): void {
    if (!this.#isSign(sign)) this.#fail(sign)
    this.#next++
  }

  /** Parses an expression whose operators have at least the precedence `minimum`. */
  #expression(minimum: number): Expression {
    if (++this.#depth > maxDepth) throw new SyntaxError(`nested deeper than ${maxDepth} levels`)
    let left = this.#primary()
    for (let longer = this.#binary(left, minimum); longer; longer = this.#binary(left, minimum)) left = longer
    this.#depth--
    return left
  }

  #primary(): Expression {
    const first = this.#peek()
    switch (first.kind) {
      case 'integer': {
        this.#take()
        const value = Number(first.text)
        if (value !== (value | 0)) throw new SyntaxError(`${first.text} is not a 32-bit integer`)
        return { kind: 'literal', value: value | 0 }
      }
      case 'text':
        this.#take()
        return { kind: 'literal', value: unquoted(first.text) }
      case 'sign':
        return this.#signed()
      case 'end':
        return this.#fail('a value')
      case 'word':
        return this.#word()
      default:
        return first.kind satisfies never
    }
  }

  /** Parses an expression in brackets, or an expression with a minus before it. */
  #signed(): Expression {
    if (this.#isSign('(')) {
      this.#take()
      const inner = this.#expression(precedence.logic)
      this.#takeSign(')')
      return inner
    }
    if (this.#isSign('-')) {
      this.#take()
      return { kind: 'negate', operand: this.#expression(precedence.prefix) }
    }
    return this.#fail('a value')
  }

  /** Parses an expression that begins with a word: NOT, TRUE, FALSE, EXISTS, a call or an attribute. */
  #word(): Expression {
    const { text: word } = this.#take()
    const upper = word.toUpperCase()
    if (upper === 'NOT') return { kind: 'not', operand: this.#expression(precedence.prefix) }
    if (upper === 'TRUE' || upper === 'FALSE') return { kind: 'literal', value: upper === 'TRUE' }
    if (upper === 'EXISTS') {
      const next = this.#peek()
      if (next.kind !== 'word' || !attributeName.test(next.text)) this.#fail('an attribute')
      return { kind: 'exists', name: this.#take().text.toLowerCase() }
    }
    if (keywords.includes(upper)) {
      this.#next--
      return this.#fail('a value')
    }
    if (this.#isSign('(')) {
      if (!/^[A-Z][A-Z_]*$/.test(upper)) this.#fail('a function before the bracket')
      this.#take()
      if (!this.#isSign(')')) return { kind: 'call', name: upper, arguments: this.#list() }
      this.#take()
      return { kind: 'call', name: upper, arguments: [] }
    }
    if (!attributeName.test(word)) {
      this.#next--
      return this.#fail('an attribute')
    }
    return { kind: 'attribute', name: word.toLowerCase() }
  }

  /** Parses expressions with commas between them, up to the closing bracket. */
  #list(): Expression[] {
    const items = [this.#expression(precedence.logic)]
    while (this.#isSign(',')) {
      this.#take()
      items.push(this.#expression(precedence.logic))
    }
    this.#takeSign(')')
    return items
  }

  /**
   * Parses the operator after `left` and its right side; null when no operator with at least the precedence `minimum`
   * follows.
   */
  #binary(left: Expression, minimum: number): Expression | null {
    const { kind, text } = this.#peek()
    if (kind === 'word') return this.#wordOperator(left, text.toUpperCase(), minimum)
    if (kind !== 'sign') return null
    switch (text) {
      case '=':
      case '!=':
      case '<>':
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const right = this.#rightSide(precedence.comparison, minimum)
        return right && { kind: 'comparison', operator: text === '<>' ? '!=' : text, left, right }
      }
      case '+':
      case '-': {
        const right = this.#rightSide(precedence.sum, minimum)
        return right && { kind: 'arithmetic', operator: text, left, right }
      }
      case '*':
      case '/':
      case '%': {
        const right = this.#rightSide(precedence.product, minimum)
        return right && { kind: 'arithmetic', operator: text, left, right }
      }
      default:
        return null
    }
  }

  /**
   * Parses the operator and its right side, which binds tighter; null when the operator's precedence `strength` is
   * below `minimum`.
   */
  #rightSide(strength: number, minimum: number): Expression | null {
    if (minimum > strength) return null
    this.#take()
    return this.#expression(strength + 1)
  }

  #wordOperator(left: Expression, operator: string, minimum: number): Expression | null {
    if (operator !== 'AND' && operator !== 'OR' && operator !== 'XOR')
      return minimum <= precedence.test ? this.#test(left) : null
    if (minimum > precedence.logic) return null
    this.#take()
    return { kind: 'logic', operator, left, right: this.#expression(precedence.logic) }
  }

  /** Parses LIKE or IN after `left`, with or without NOT; null when another word follows. */
  #test(left: Expression): Expression | null {
    const isNegated = this.#peek().text.toUpperCase() === 'NOT'
    const operator = isNegated ? this.#tokens[this.#next + 1]! : this.#peek()
    const upper = operator.kind === 'word' ? operator.text.toUpperCase() : ''
    if (upper !== 'LIKE' && upper !== 'IN') return isNegated ? this.#fail('LIKE or IN after NOT') : null
    this.#next += isNegated ? 2 : 1
    const found = upper === 'LIKE' ? this.#like(left) : this.#in(left)
    return isNegated ? { kind: 'not', operand: found } : found
  }

  #like(operand: Expression): Expression {
    if (this.#peek().kind !== 'text') this.#fail('a text')
    return { kind: 'like', operand, pattern: likePattern(unquoted(this.#take().text)) }
  }

  #in(operand: Expression): Expression {
    this.#takeSign('(')
    return { kind: 'in', operand, set: this.#list() }
  }
}

const unquoted = (literal: string): string => {
  const quote = literal.charAt(0)
  return literal.slice(1, -1).replaceAll(`\\${quote}`, quote)
}

/**
 * The pattern of LIKE as a regular expression. `%` matches any text, and `_` matches one character. Escaped with a
 * backslash, they match only themselves.
 */
const likePattern = (pattern: string): RegExp => {
  const parts = pattern.match(/\\[%_]|[\s\S]/gu) ?? []
  const source = parts.map(part =>
    part === '%' ? '[\\s\\S]*' : part === '_' ? '[\\s\\S]' : RegExp.escape(part.replace(/^\\(?=[%_])/, '')),
  )
  return new RegExp(`^${source.join('')}$`, 'u')
}
