import { RefusedFile } from './refused-file.ts'

/** Takes a file piece by piece, and never keeps more than one row. */
export interface TextSink {
  write(text: string): void
  end(): void
}

const maxCellLength = 32_768
const maxColumns = 500
/** More rows than the history of any person has. */
const maxRows = 400_000

/** Characters that no rule concerns. */
const ordinary = /[^",;\t\r\n]+/y

/** The separator of the columns: the one that the first line has most of. */
const separatorIn = (text: string): string => {
  const [line = ''] = text.split(/[\r\n]/, 1)
  const count = (separator: string) => line.split(separator).length
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

/**
 * Reads CSV (RFC 4180) and passes each row with a value to `onRow`. Throws RefusedFile for a cell that no export has,
 * so that a missing quote does not collect the rest of the file.
 */
export const csvSink = (onRow: (cells: string[]) => void): TextSink => {
  let separator: string | null = null
  /** What came before the separator is known: the file may come in pieces that are shorter than its first line. */
  let firstLine = ''
  let rows = 0
  let cells: string[] = []
  let cell = ''
  let isQuoted = false
  /** A quote inside a quoted cell: the next character says whether the cell ends or the quote belongs to it. */
  let isAfterQuote = false

  const append = (piece: string) => {
    cell += piece
    if (cell.length > maxCellLength) throw new RefusedFile('hugeCell')
  }
  const endCell = () => {
    cells.push(cell)
    cell = ''
    isAfterQuote = false
    if (cells.length > maxColumns) throw new RefusedFile('hugeCell')
  }
  const endRow = () => {
    if (++rows > maxRows) throw new RefusedFile('tooManyRows')
    endCell()
    const row = cells
    cells = []
    if (row.some(value => value.trim() !== '')) onRow(row)
  }

  const read = (text: string) => {
    for (let at = 0; at < text.length; at++) {
      const char = text[at]!
      if (isQuoted) {
        const quote = text.indexOf('"', at)
        append(text.slice(at, quote === -1 ? undefined : quote))
        if (quote === -1) return
        at = quote
        isQuoted = false
        isAfterQuote = true
      } else if (char === '"' && isAfterQuote) {
        append('"')
        isQuoted = true
        isAfterQuote = false
      } else if (char === '"' && cell === '') isQuoted = true
      else if (char === separator) endCell()
      else if (char === '\n') endRow()
      else if (char !== '\r') {
        ordinary.lastIndex = at
        const piece = ordinary.exec(text)?.[0] ?? char
        append(piece)
        at += piece.length - 1
      }
    }
  }
  const begin = () => {
    separator = separatorIn(firstLine)
    read(firstLine)
  }

  return {
    write: text => {
      if (separator !== null) return read(text)
      firstLine += text
      if (/[\r\n]/.test(firstLine) || firstLine.length > maxCellLength) begin()
    },
    end: () => {
      if (separator === null) begin()
      if (cell !== '' || cells.length > 0) endRow()
    },
  }
}
