import { startTelegram } from '#simulators/telegram.ts'
import { startServer } from '#test/support/http.ts'

const botToken = '7000000001:SIMULATED_main_bot'
const opsToken = '7000000002:SIMULATED_operators_bot'

/** Starts the simulated Telegram, with its chat page on another port. */
export const startChat = async () => {
  const telegram = await startTelegram({
    botToken,
    opsToken,
    rates: false,
    newcomer: { nextEpisode: () => new Date('2026-11-21T12:04:00Z'), hasSites: true },
  })
  const server = await startServer((request, response) => {
    if (!telegram.chatPage(request, response)) response.writeHead(404).end('{}')
  })
  return {
    telegram,
    url: server.url,
    /** Calls a method of the Bot API as one of the two bots, for the person's chat. */
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
      await server.stop()
    },
  }
}
