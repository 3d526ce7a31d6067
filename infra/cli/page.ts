import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readLogo } from '#database/pages/logo-files.ts'
import { readPage } from '#database/pages/read-page.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { systemClock } from '#functions/host/clock.ts'
import { exportPage } from '#functions/status-page/export-page.ts'
import { writeFileAtomic } from '#infra/files/atomic-write.ts'
import { chatIdOf } from './export.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'
import { withTables } from './vigia-yaml/with-tables.ts'

export const verb: Verb = {
  help: `page export <slug> <folder> [--url=<address>] [--chat=<id>]
                                           writes a status page as files for any web server`,

  run: async (args, shell) => {
    const { values, positionals } = parseArguments({
      args,
      options: { url: { type: 'string' }, chat: { type: 'string' } },
      allowPositionals: true,
    })
    const [action, slug, folder, ...rest] = positionals
    if (action !== 'export' || slug === undefined || folder === undefined || rest.length > 0)
      throw new UsageError('page needs "export", the name of a page and a folder')
    const pagesUrl = addressOf(values.url)
    const chats = values.chat === undefined ? null : [chatIdOf(values.chat)]
    const count = await withTables(shell, async db => {
      const found = (await statusPagesIn(db).of(chats)).filter(page => page.slug === slug)
      const [page, other] = found
      if (page === undefined) throw new Error(`there is no status page ${slug}`)
      if (other !== undefined)
        throw new Error(`${found.length} chats have a page ${slug}; name the chat: --chat=${page.chatId}`)
      const address = { id: page.id }
      await mkdir(folder, { recursive: true })
      let files = 0
      for await (const { name, content } of exportPage(address, {
        ...{ read: query => readPage(db, query), clock: systemClock, pagesUrl },
        readLogo: (page, hash) => readLogo(db, page, hash),
        botName: shell.env.TELEGRAM_BOT_NAME || null,
      })) {
        await writeFileAtomic(join(folder, name), content, 0o644)
        files++
      }
      return files
    })
    shell.print(`${folder}: ${count} files; open index.html`)
  },
}

/** The address of the folder on the internet, for feeds and calendars; '.' if it is not known. */
const addressOf = (url: string | undefined): string => {
  if (url === undefined) return '.'
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new UsageError(`--url is ${url}; it must be an address, such as https://status.example.org`)
  return url.replace(/\/+$/, '')
}
