import { request } from 'node:http'
import type { ChatState, Pane } from '#simulators/telegram/chat-state.ts'

/** Thrown when no simulated chat is served on the port. `why` is the reason. */
export class NoChat extends Error {
  readonly why: 'nothing runs' | 'starting' | 'real bot' | 'not Vigia'
  constructor(why: NoChat['why']) {
    super(why)
    this.why = why
  }
}

/** The client for the chat API of the runtime on this machine. */
export interface ChatLink {
  /** The current conversations. Throws NoChat. */
  state(): Promise<ChatState>
  /** Sends a message. If the runtime refuses it, throws an error with the reason that the runtime gives. */
  send(pane: Pane, text: string): Promise<void>
  /** Presses a button; resolves with the query id. The conversation's `answers` has the bot's answer under this id. */
  press(pane: Pane, button: { message: number; row: number; column: number }): Promise<string>
  restart(pane: Pane): Promise<void>
  /** Calls `onState` with the conversations, now and after every change, until the connection ends. */
  follow(onState: (state: ChatState) => void): { ended: Promise<void>; stop(): void }
}

const timeoutMs = 10_000

export const chatLink = (port: number, language: string): ChatLink => {
  const ask = (method: string, path: string, body?: object) =>
    new Promise<{ status: number; json: Record<string, unknown> | null }>((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const clientRequest = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method,
          timeout: timeoutMs,
          headers: {
            host: `localhost:${port}`,
            'accept-language': language,
            ...(body === undefined
              ? {}
              : {
                  'content-type': 'application/json',
                  'content-length': Buffer.byteLength(text),
                  'vigia-local': '1',
                }),
          },
        },
        response => {
          const chunks: Buffer[] = []
          response.on('data', chunk => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, json: parsed(Buffer.concat(chunks).toString()) }),
          )
        },
      )
      clientRequest.on('timeout', () => clientRequest.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
      clientRequest.on('error', reject)
      clientRequest.end(text)
    })

  const post = async (action: string, body: object) => {
    const { status, json } = await ask('POST', `/chat/api/${action}`, body)
    if (status !== 200) throw new Error(String(json?.error ?? status))
    return json ?? {}
  }

  return {
    state: async () => {
      const { status, json } = await ask('GET', '/chat/api/state').catch(() => {
        throw new NoChat('nothing runs')
      })
      if (status === 200 && Array.isArray(json?.conversations)) return json as unknown as ChatState
      if (status === 503) throw new NoChat('starting')
      const functions = await ask('GET', '/api/functions').catch(() => ({ status: 0, json: null }))
      throw new NoChat(functions.status === 200 && functions.json !== null ? 'real bot' : 'not Vigia')
    },
    send: async (pane, text) => void (await post('send', { pane, text })),
    press: async (pane, { message, row, column }) =>
      String((await post('press', { pane, message, row, column })).query ?? ''),
    restart: async pane => {
      await post('unblock', { pane })
      await post('send', { pane, text: '/start' })
    },
    follow: onState => {
      const stop = new AbortController()
      const ended = new Promise<void>(resolve => {
        const clientRequest = request(
          {
            host: '127.0.0.1',
            port,
            path: '/chat/api/stream',
            signal: stop.signal,
            headers: { host: `localhost:${port}`, 'accept-language': language },
          },
          response => {
            let text = ''
            response.setEncoding('utf8')
            response.on('data', chunk => {
              text += chunk
              for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
                const state = parsed(text.slice(0, end).replace(/^data: /, ''))
                text = text.slice(end + 2)
                if (Array.isArray(state?.conversations)) onState(state as unknown as ChatState)
              }
            })
            response.on('close', resolve)
            response.on('error', () => resolve())
          },
        )
        clientRequest.on('error', () => resolve())
        clientRequest.on('close', resolve)
        clientRequest.end()
      })
      return { ended, stop: () => stop.abort() }
    },
  }
}

const parsed = (text: string): Record<string, unknown> | null => {
  try {
    const json: unknown = JSON.parse(text)
    return json !== null && typeof json === 'object' ? { ...json } : null
  } catch {
    return null
  }
}
