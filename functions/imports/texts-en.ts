import { html, joined } from '#functions/telegram/html.ts'
import type { ImportTexts } from './texts-pt-BR.ts'

const series = (count: number) => (count === 1 ? '1 series' : `${count} series`)
const episodes = (count: number) => (count === 1 ? '1 watched episode' : `${count} watched episodes`)

/** The texts about a file with series, in English. */
export const importsEn: ImportTexts = {
  reading: file => html`📥 Reading <b>${file}</b>…`,
  progress: (done, all) => html`📥 The file has ${series(all)}.
Looking them up on TVmaze: <b>${done} of ${all}</b>

You can use the bot in the meantime. I'll tell you here when it's done.`,
  waiting: (done, all) => html`📥 Looking them up on TVmaze: <b>${done} of ${all}</b>

TVmaze isn't answering. I'll go on by myself soon; there's no need to send the file again.`,
  review: file => html`📋 <b>${file}</b>`,
  found: count => html`✅ ${count} series found`,
  watched: count => html`👁 ${episodes(count)} in the file`,
  archived: count => html`🗄 ${count} archived, left out`,
  unsure: count => html`❓ ${count} with more than one possibility`,
  unknown: (count, titles, more) =>
    html`🚫 ${count} that TVmaze doesn't have: ${titles}${more > 0 && ` and ${more} more`}`,
  nothingYet: () => html`Nothing has changed yet.`,
  nothingFound: () => html`There is no series to follow.`,
  check: count => `❓ choose ${count}`,
  apply: count => `✅ follow ${series(count)}`,
  cancel: 'cancel',
  question: (title, year, left) => html`Which one is <b>${title}</b>${year !== null && ` (${year})`}?

${left === 1 ? "It's the last one." : `${left} to go.`}`,
  choice: (name, year, channel) =>
    [name, year === null ? null : `(${year})`, channel === null ? null : `· ${channel}`].filter(Boolean).join(' '),
  noneOfThem: 'none of these',
  back: '« back',
  done: ({ added, already, full, episodes: seen }, limit) =>
    joined([
      added === 0 ? html`No new series.` : html`🎉 Done! You now follow <b>${added} more series</b>.`,
      already > 0 && `You already followed ${already}.`,
      seen > 0 && `👁 I marked ${seen === 1 ? '1 episode' : `${seen} episodes`} as seen.`,
      full > 0 && `⚠️ There was no room for ${full}: the limit is ${limit} series per chat.`,
      added > 0 && '\nThe next episodes show up in /upcoming over the next minutes, as I get them from TVmaze.',
    ]),
  undo: '↩️ undo',
  undone: ({ series: removed, episodes: seen }) =>
    html`↩️ Undone: ${series(removed)} removed${seen > 0 && `, and ${seen === 1 ? '1 episode' : `${seen} episodes`} unmarked`}. What was here before stays.`,
  cancelled: () => html`Import cancelled. Nothing has changed.`,
  tooOld: 'This import is over or was cancelled.',
  tooManyOpen: max =>
    html`I'm still reading ${max} files of this chat. Wait until one is done and send this one again.`,
  refused: {
    fileTooBig: () =>
      html`The file has more than 20 MB, which is more than Telegram lets me download. If it's a ZIP, open it and send only <code>followed_tv_show.csv</code> and <code>tracking-prod-records-v2.csv</code>.`,
    unreadable: () => html`I couldn't download the file from Telegram. Please send it again.`,
    ourFault: () =>
      html`I couldn't finish reading the file: every try ended with an error of mine, and I've told the people who run Vigia. Send it again in a few hours or, if it's a ZIP, send only the CSV files inside.`,
    unknownFile: () =>
      html`I can't read this kind of file. I take the ZIP of TV Time, Trakt or Simkl, one of their CSV or JSON files, an export of SeriesGuide or IMDb, or a text with one series per line.`,
    encrypted: () => html`This ZIP has a password. Open it on your computer or phone and send the CSV files inside.`,
    brokenZip: () => html`This ZIP is incomplete or damaged. Download it once more and send it again.`,
    unsafeNames: () => html`This ZIP has files whose paths point out of it. No tracker does that, so I didn't read it.`,
    zipInZip: () => html`There is a ZIP inside this ZIP. Open it and send only the inner one.`,
    inflatesTooMuch: () => html`Unpacked, this file is far too large for a list of series, so I stopped reading.`,
    tooManyRows: () => html`This file has too many rows (the limit is 400,000), so I stopped reading.`,
    hugeCell: () => html`This CSV has an enormous field. Maybe a closing quote is missing.`,
    brokenJson: () => html`This JSON is incomplete or damaged. Export it once more and send it again.`,
    wrongEncoding: () =>
      html`The letters of this file aren't UTF-8, so the names would be wrong. Save it as “CSV UTF-8” and send it again.`,
    noSeries: () =>
      html`I found no series in this file. I take the ZIP of TV Time, Trakt or Simkl, one of their CSV or JSON files, an export of SeriesGuide or IMDb, or a text with one name per line.`,
    tooManySeries: () => html`This file has more than 2,000 series. Split it and send one part at a time.`,
  },
  nothingChanged: () => html`Nothing has changed.`,
}
