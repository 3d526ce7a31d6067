import type { Socket } from 'node:net'
import type { Attempt } from '#functions/dial/dial-attempt.ts'
import { DialError } from '#functions/dial/dial-error.ts'

/** Limit for what a server may send before we have read it. */
const maxUnreadBytes = 16 * 1024

/** An exchange of bytes with a server: requests are sent, and each response is waited for. */
export interface Talk {
  send(data: string | Buffer): void
  /** Waits for bytes that `match` accepts: it returns how many bytes it takes from the beginning, or null to wait. */
  take(match: (unread: Buffer) => number | null): Promise<Buffer>
  /** The next line, without its end. */
  line(): Promise<string>
  bytes(count: number): Promise<Buffer>
  /** Continues on the socket that `start` makes. Bytes that the server sent too early are an error. */
  continueOn(start: () => Promise<Socket>): Promise<void>
}

/** Starts to read from a socket. A talk ends with its attempt. */
export const talkOn = (socket: Socket, attempt: Attempt): Talk => {
  let current = socket
  let unread: Buffer = Buffer.alloc(0)
  let isClosed = false
  let onChange = () => {}

  const onData = (piece: Buffer) => {
    unread = Buffer.concat([unread, piece])
    onChange()
  }
  const onClose = () => {
    isClosed = true
    onChange()
  }
  const listen = () => current.on('data', onData).on('end', onClose).on('close', onClose)
  listen()

  const take: Talk['take'] = match =>
    attempt.waitFor<Buffer>((resolve, reject) => {
      onChange = () => {
        let taken: number | null
        try {
          taken = match(unread)
        } catch (error) {
          return reject(error as Error)
        }
        if (taken !== null) {
          onChange = () => {}
          resolve(unread.subarray(0, taken))
          unread = unread.subarray(taken)
          return
        }
        if (unread.length > maxUnreadBytes) reject(unexpected(attempt, unread))
        else if (isClosed) reject(unread.length > 0 ? unexpected(attempt, unread) : new DialError('reset'))
      }
      onChange()
    })

  return {
    send: data => void current.write(data),
    take,
    line: async () => {
      const line = await take(unread => {
        const end = unread.indexOf('\n')
        return end < 0 ? null : end + 1
      })
      return line.toString('latin1').replace(/\r?\n$/, '')
    },
    bytes: count => take(unread => (unread.length >= count ? count : null)),
    continueOn: async start => {
      if (unread.length > 0) throw new DialError('protocol')
      current.off('data', onData).off('end', onClose).off('close', onClose)
      current = await start()
      isClosed = false
      listen()
    },
  }
}

/** The error for an answer that is not the expected one. The answer is the detail of the result. */
export const unexpected = (attempt: Attempt, answer: Buffer | string): DialError => {
  attempt.detail = typeof answer === 'string' ? answer : answer.toString('latin1', 0, 200)
  return new DialError('reply')
}
