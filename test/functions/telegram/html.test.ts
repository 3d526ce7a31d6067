import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, escapeHtml, html, joined, plain, visibleLength } from '#functions/telegram/html.ts'

describe('html', () => {
  test('an inserted string is escaped', () => {
    const name = 'Tom & <b>Zé</b> "x"'
    expect(String(html`<i>${name}</i>`)).toBe('<i>Tom &amp; &lt;b&gt;Zé&lt;/b&gt; &quot;x&quot;</i>')
  })

  test('inserted HTML is not escaped, the elements of a list are joined, and null, undefined and false become nothing', () => {
    expect(String(html`${html`<b>${'<'}</b>`}${null}${undefined}${false}${0}${[html`<i>a</i>`, 'b&']}`)).toBe(
      '<b>&lt;</b>0<i>a</i>b&amp;',
    )
  })

  test('joined() leaves out null and empty lines', () => {
    expect(String(joined(['a<', null, html`<b>b</b>`, '']))).toBe('a&lt;\n<b>b</b>')
  })

  test('characters that reverse or hide text are removed, but the zero-width joiner of emoji stays', () => {
    expect(escapeHtml('a\u202eb\u200bc\u0000d\u2066e')).toBe('abcde')
    expect(escapeHtml('👨‍👩‍👧')).toBe('👨‍👩‍👧')
  })

  test('plain() restores every text from its HTML, except the characters that escaping removes', () => {
    const visible = fc.string({ unit: 'grapheme' }).map(text => plain(escapeHtml(text)))
    fc.assert(fc.property(visible, text => plain(escapeHtml(text)) === text))
  })
})

describe('plain', () => {
  test('a summary of TVmaze becomes plain text', () => {
    const summary =
      '<p>Dois irm&atilde;os &amp; uma guitarra; &quot;tr&#234;s acordes&quot; &lt;e s&#xF3;&gt;. <br /><i>Com&eacute;dia</i></p><p>Fim&nbsp;</p>'
    expect(plain(summary)).toContain('& uma guitarra; "três acordes" <e só>. \nCom')
    expect(plain(summary)).toMatch(/\n\nFim$/)
  })

  test('a tag that appears when another tag is removed is removed too', () => {
    expect(plain('<<b>script>alert(1)<</b>/script>')).not.toContain('<script>')
  })
})

describe('cut', () => {
  test('a text that fits is not changed', () => {
    expect(cut('<b>Oi &amp; tchau</b>', 10)).toBe('<b>Oi &amp; tchau</b>')
  })

  test('a text is cut between words, its open tags are closed, and it ends with an ellipsis', () => {
    expect(cut('<b>uma <i>palavra inteira</i></b> e mais', 16)).toBe('<b>uma <i>palavra…</i></b>')
  })

  test('a text of several lines is cut at the end of a line', () => {
    expect(cut('primeira linha\nsegunda linha', 20)).toBe('primeira linha…')
  })

  test('the result fits, has no broken entity or character, and closes every tag that it opens', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map(escapeHtml),
      fc.constantFrom('<b>', '<i>', '<a href="https://x.org/?a=1&amp;b=2">', ' ', '\n', '👨‍👩‍👧', '&amp;'),
    )
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 60 }), (pieces, limit) => {
        const open: string[] = []
        let markup = ''
        for (const each of pieces) {
          const name = /^<([a-z]+)/.exec(each)?.[1]
          if (name !== undefined) open.push(name)
          markup += each
        }
        markup += open
          .reverse()
          .map(name => `</${name}>`)
          .join('')
        const short = cut(markup, limit)
        expect(visibleLength(short)).toBeLessThanOrEqual(Math.max(limit, 1))
        const stack: string[] = []
        for (const [, slash, name] of short.matchAll(/<(\/?)([a-z]+)[^>]*>/g)) {
          if (slash) expect(stack.pop()).toBe(name)
          else stack.push(name!)
        }
        expect(stack).toEqual([])
        expect(short.replace(/&(amp|lt|gt|quot);/g, '')).not.toContain('&')
        expect(short.isWellFormed()).toBe(true)
      }),
    )
  })
})
