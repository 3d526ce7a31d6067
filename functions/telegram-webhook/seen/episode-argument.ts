/** Episodes that a person named: one, or (with `number` null) a whole season; and the other words. */
export interface NamedEpisodes {
  season: number
  number: number | null
  rest: string
}

const forms = [
  /\b[ts]\s*0*(\d{1,4})\s*[.:-]?\s*e\s*0*(\d{1,5})\b/iu,
  /\b0*(\d{1,4})\s*x\s*0*(\d{1,5})\b/iu,
  /\b(?:temporada|season)\s+0*(\d{1,4})\s*,?\s*(?:episódio|episodio|episode)\s+0*(\d{1,5})\b/iu,
  /\b(?:[ts]\s*|(?:temporada|season)\s+)0*(\d{1,4})\b/iu,
]

/** Parses `T02E05`, `Severance S2 E5`, `2x05 Severance`, `Severance T2`, `season 2 of Severance`. */
export const namedEpisodes = (text: string): NamedEpisodes | null => {
  for (const form of forms) {
    const match = form.exec(text)
    if (match === null) continue
    const rest = `${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/^(?:de|da|do|of)\s+/i, '')
      .replace(/[\s,;:.–-]+$/, '')
    return { season: Number(match[1]), number: match[2] === undefined ? null : Number(match[2]), rest }
  }
  return null
}
