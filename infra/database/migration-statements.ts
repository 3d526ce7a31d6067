const white = String.raw`[ \t\n\r\f\v]`
const lineComment = String.raw`--[^\n\r]*`
const escaped = String.raw`'(?:[^'\\]|\\[^]|'')*'`

/** One part of the file, as PostgreSQL's lexer reads it: white space, a comment, a string, a name or one character. */
const part = new RegExp(
  [
    `(?<space>${white}+)`,
    `(?<line>${lineComment})`,
    String.raw`(?<block>/\*)`,
    // An E string can continue in another pair of quotes on the next line.
    String.raw`[eE]${escaped}(?:(?:${white}|${lineComment}[\n\r])*${escaped})*`,
    `'[^']*'`,
    `"[^"]*"`,
    String.raw`\$(?<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[^]*?\$\k<tag>\$`,
    // A word: the last letter of `date` in date'2026-11-21' begins no E string, and the $ in a$b$ no dollar quote.
    String.raw`[\w\u0080-\uffff][\w$\u0080-\uffff]*`,
    '[^]',
  ].join('|'),
  'y',
)

/** node-pg-migrate runs the text between these comments, so they are not removed. */
const marker = /--[\s-]*(up|down)\s+migration/i

/** The block comment that begins at `start`. In PostgreSQL a block comment can contain another one. */
const blockComment = (sql: string, start: number): string => {
  let depth = 0
  for (const { 0: bracket, index } of sql.slice(start).matchAll(/\/\*|\*\//g)) {
    depth += bracket === '/*' ? 1 : -1
    if (depth === 0) return sql.slice(start, start + index + 2)
  }
  return sql.slice(start)
}

/**
 * The SQL without comments. White space between two parts becomes one line end if it contains a line end, else one
 * space. Strings, dollar quotes and quoted names are unchanged.
 */
export const statementsOf = (sql: string): string => {
  let statements = ''
  let gap = ''
  for (let at = 0; at < sql.length; ) {
    part.lastIndex = at
    const { 0: found, groups } = part.exec(sql)!
    const text = groups!.block === undefined ? found : blockComment(sql, at)
    const isComment = groups!.line !== undefined || groups!.block !== undefined
    if (groups!.space !== undefined) gap = gap === '\n' || /[\n\r]/.test(text) ? '\n' : ' '
    else if (isComment && !marker.test(text)) gap ||= ' '
    else {
      statements += statements === '' ? text : gap + text
      gap = ''
    }
    at += text.length
  }
  return statements
}
