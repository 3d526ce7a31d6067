import { chatsIn } from '#database/chats/chats.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { configuredMonitorsIn } from '#database/uptime/configured-monitors.ts'
import { configuredWindowsOf } from '#database/uptime/configured-windows.ts'
import { configuredWebhooksIn } from '#database/webhooks/configured-webhooks.ts'
import { exportedFile, fileText } from '#functions/vigia-yaml/export.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Verb } from './verb.ts'
import { withTables } from './vigia-yaml/with-tables.ts'

/** Telegram's id of a chat, from an argument. */
export const chatIdOf = (text: string): number => {
  const id = Number(text)
  if (!/^-?[1-9]\d{0,15}$/.test(text) || !Number.isSafeInteger(id))
    throw new UsageError(`--chat is ${text}; it must be the id of a chat, such as 123456789 or --chat=-1001234567890`)
  return id
}

export const verb: Verb = {
  help: 'export [--chat=<id>]                       prints the monitors as vigia.yaml',

  run: async (args, shell) => {
    const { values } = parseArguments({ args, options: { chat: { type: 'string' } } })
    const wanted = values.chat === undefined ? null : [chatIdOf(values.chat)]
    const file = await withTables(shell, async db => {
      const monitors = await configuredMonitorsIn(db).of(wanted)
      const chats = await chatsIn(db).findAll(wanted ?? [...new Set(monitors.map(({ chatId }) => chatId))])
      const windows = await configuredWindowsOf(db, wanted)
      const pages = await statusPagesIn(db).of(wanted)
      return exportedFile(chats, monitors, windows, pages, await configuredWebhooksIn(db).of(wanted))
    })
    shell.print(fileText(file).trimEnd())
  },
}
