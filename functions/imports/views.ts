import type { Language } from '#database/chats/language.ts'
import type { ImportCounts, Imports, SeriesImport, UnsureSeries } from '#database/series/imports.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { importsEn } from './texts-en.ts'
import { type ImportTexts, importsPtBR } from './texts-pt-BR.ts'

/** The texts about imports by language. */
export const importTexts: Record<Language, ImportTexts> = { 'pt-BR': importsPtBR, en: importsEn }

/** A message with buttons. */
export interface ImportView {
  html: Html
  buttons: { text: string; press: Press }[][]
}

const shownTitles = 10

/** What was found in the file, and what can be done with it. */
export const reviewView = async (
  imports: Pick<Imports, 'counts' | 'unknownTitles'>,
  { id, fileName }: Pick<SeriesImport, 'id' | 'fileName'>,
  language: Language,
): Promise<ImportView> => {
  const texts = importTexts[language]
  const counts = await imports.counts(id)
  const titles = counts.unknown === 0 ? [] : await imports.unknownTitles(id, shownTitles)
  const { found, watched, archived, unsure, unknown } = texts
  const facts = joined([
    found(counts.found),
    counts.episodes > 0 && watched(counts.episodes),
    counts.archived > 0 && archived(counts.archived),
    counts.unsure > 0 && unsure(counts.unsure),
    counts.unknown > 0 && unknown(counts.unknown, titles.join(', '), counts.unknown - titles.length),
  ])
  const canDo = counts.found + counts.unsure > 0
  return {
    html: joined([texts.review(fileName), facts, canDo ? texts.nothingYet() : texts.nothingFound()], '\n\n'),
    buttons: reviewButtons(id, counts, texts),
  }
}

const reviewButtons = (id: number, { found, unsure }: ImportCounts, texts: ImportTexts): ImportView['buttons'] => [
  ...(found > 0 ? [[{ text: texts.apply(found), press: { act: 'import', id, step: 'apply' } as const }]] : []),
  ...(unsure > 0 ? [[{ text: texts.check(unsure), press: { act: 'import', id, step: 'check' } as const }]] : []),
  ...(found + unsure > 0 ? [[{ text: texts.cancel, press: { act: 'import', id, step: 'cancel' } as const }]] : []),
]

/** Asks which series of TVmaze a series of the file is. `left`: the questions, this one included. */
export const questionView = (
  id: number,
  { position, title, premiered, choices }: UnsureSeries,
  left: number,
  language: Language,
): ImportView => {
  const texts = importTexts[language]
  return {
    html: texts.question(title, premiered, left),
    buttons: [
      ...choices.map(({ id: show, name, premiered: date, channel }) => [
        {
          text: texts.choice(name, date?.slice(0, 4) ?? null, channel),
          press: { act: 'importChoice', id, position, show } as const,
        },
      ]),
      [{ text: texts.noneOfThem, press: { act: 'importChoice', id, position, show: 0 } }],
      [{ text: texts.back, press: { act: 'import', id, step: 'review' } }],
    ],
  }
}

/** The file is refused, with the reason. */
export const refusedView = (reason: keyof ImportTexts['refused'], language: Language): ImportView => {
  const texts = importTexts[language]
  return { html: html`${texts.refused[reason]()} ${texts.nothingChanged()}`, buttons: [] }
}
