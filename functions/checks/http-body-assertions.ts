import type { DialResult } from '#functions/dial/dial.ts'
import type { HttpBody } from '#functions/dial/http-body.ts'
import type { JsonAssertion } from './json-assertion.ts'
import { selectedBy } from './json-path.ts'

/** What is wrong with a body; null if it passes. */
type BodyFault = Required<Pick<DialResult, 'error'>> & Pick<DialResult, 'detail'>

/** Whether a body passes the assertions. A body that is longer than the limit passes only if its beginning decides. */
export const bodyFault = async (
  body: HttpBody,
  { keyword, keywordAbsent, json }: { keyword?: string; keywordAbsent?: string; json?: JsonAssertion[] },
): Promise<BodyFault | null> => {
  const text = textOf(body)
  if (keywordAbsent !== undefined && text.includes(keywordAbsent)) return { error: 'keyword' }
  const hasKeyword = keyword === undefined || text.includes(keyword)
  if (!body.isComplete && (!hasKeyword || keywordAbsent !== undefined || json !== undefined))
    return { error: 'body-too-large' }
  if (!hasKeyword) return { error: 'keyword' }
  return json === undefined ? null : jsonFault(text, json)
}

/** The text of a body in the charset of its media type, or in UTF-8. */
const textOf = ({ bytes, mediaType }: HttpBody): string => {
  const charset = /;\s*charset="?([\w.:-]+)/i.exec(mediaType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

const jsonFault = async (text: string, assertions: readonly JsonAssertion[]): Promise<BodyFault | null> => {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return { error: 'json', detail: 'not JSON' }
  }
  for (const assertion of assertions) {
    const selected = await selectedBy(assertion.path, document)
    if (selected === 'too deep') return { error: 'json', detail: 'too many levels' }
    // The machine may be busy, so this says nothing about the site.
    if (selected === 'too slow') return { error: 'not-checked', detail: `${assertion.path} takes too long` }
    const wrong = selected.length === 0 ? 'nothing' : selected.find(value => !passes(value, assertion))
    if (wrong !== undefined) return { error: 'json', detail: `${assertion.path}: ${shown(wrong)}` }
  }
  return null
}

const passes = (value: unknown, { equals, not, above, below }: JsonAssertion): boolean =>
  (equals === undefined || value === equals) &&
  (not === undefined || value !== not) &&
  (above === undefined || (typeof value === 'number' && value > above)) &&
  (below === undefined || (typeof value === 'number' && value < below))

const shown = (value: unknown) => (value === 'nothing' ? value : (JSON.stringify(value) ?? 'nothing'))
