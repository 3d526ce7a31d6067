import type { ReadPost } from '#database/pages/page-reading.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayPostStatus } from '#functions/wording/post-statuses.ts'
import type { Reader } from './layout.ts'
import { time } from './times.ts'

/** The posts about one matter, the newest first. */
type Thread = ReadPost[]

/** The matters of a page that go on, and those that are over; the newest first. */
export const threadsOf = (posts: readonly ReadPost[]): { open: Thread[]; past: Thread[] } => {
  const threads = [...Map.groupBy(posts, ({ threadId }) => threadId).values()]
  const isOver = ([newest]: Thread) => newest?.status === 'resolved'
  return { open: threads.filter(thread => !isOver(thread)), past: threads.filter(isOver) }
}

/** Posts as visitors read them. The text stays in the language in which it was written. */
export const threadList = (threads: readonly Thread[], reader: Reader): Html =>
  html`${threads.map(
    thread =>
      html`<div class="box">${thread.map(
        ({ status, text, at }) =>
          html`<p class="post"><strong>${sayPostStatus(status, reader.language)}</strong> · <span class="soft">${time(at, reader)}</span><br>${text}</p>`,
      )}</div>`,
  )}`
