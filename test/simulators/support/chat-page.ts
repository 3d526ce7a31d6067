import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startTelegram } from '#simulators/telegram.ts'

const botToken = '7000000001:SIMULATED_main_bot'
const opsToken = '7000000002:SIMULATED_operators_bot'

/** The simulated Telegram with its chat page on a port of its own. */
export const startChat = async () => {
  const telegram = await startTelegram({
    botToken,
    opsToken,
    rates: false,
    newcomer: { nextEpisode: () => new Date('2026-11-21T12:04:00Z'), hasSites: true },
  })
  const server = createServer((request, response) => {
    if (!telegram.chatPage(request, response)) response.writeHead(404).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    telegram,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Calls a method of the Bot API, as one of the two bots, for the person's chat. */
    bot: async (method: string, params: object, from: 'main' | 'operators' = 'main') => {
      const response = await fetch(`${telegram.url}/bot${from === 'main' ? botToken : opsToken}/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ chat_id: telegram.person.id, ...params }),
      })
      return (await response.json()) as { ok: boolean; result: { message_id: number } }
    },
    stop: async (): Promise<void> => {
      await telegram.stop()
      server.closeAllConnections()
      server.close()
    },
  }
}
