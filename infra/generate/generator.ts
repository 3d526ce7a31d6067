/** Generates files from other files. */
export interface Generator {
  /** Every file that it generates: content by path in the checkout. */
  files(root: string): Promise<Map<string, string>>
  /** The paths of the generated files that the checkout has. Those that `files` does not return are out of date. */
  present?(root: string): Promise<string[]>
}

const start = '<!-- npm run generate -->'
const end = '<!-- /generate -->'

/** The page with `text` between its two marks. Throws an Error if a mark is missing; `path` is for the message. */
export const betweenMarks = (page: string, text: string, path: string): string => {
  const [from, to] = [page.indexOf(start), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} needs the lines "${start}" and "${end}"; put them back`)
  return `${page.slice(0, from)}${start}\n${text}${page.slice(to)}`
}
