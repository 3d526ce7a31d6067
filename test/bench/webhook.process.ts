import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Telegraf } from 'telegraf'

/** A minimal Telegraf webhook bot without a database: `webhook.process.ts <apiRoot> <token>`. Sends its port by IPC. */
const [apiRoot = '', token = ''] = process.argv.slice(2)

const bot = new Telegraf(token, { telegram: { apiRoot, webhookReply: false } })
bot.botInfo = {
  id: 1,
  is_bot: true,
  first_name: 'bare',
  username: 'bare',
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
}
bot.command('ajuda', context => context.reply('hello'))

const server = createServer(bot.webhookCallback('/'))
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
