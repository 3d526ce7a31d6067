import { connect } from 'node:net'

/** Sends the bytes to a port of this machine. Resolves with all that the server sends until the connection closes. */
export const sendBytes = (port: number, bytes: string | Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('latin1').on('data', chunk => {
      text += chunk
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(text))
  })

/** The status of a response that `sendBytes` received. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])

/**
 * Sends a head and then the pieces of a body. Resolves with the status as soon as the response arrives, even if the
 * server has not read the whole body.
 */
export const sendUntilResponse = (port: number, head: string, pieces: () => string | undefined): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(head)
    const write = () => {
      for (let piece = pieces(); piece !== undefined; piece = pieces())
        if (!socket.write(piece)) return void socket.once('drain', write)
    }
    write()
    socket.on('data', data => {
      resolve(statusOf(data.toString('latin1')))
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed without a response')))
  })

/** A function that returns the piece in its first `count` calls, and then undefined. */
export const repeated = (count: number, piece: string) => {
  let left = count
  return () => (left-- > 0 ? piece : undefined)
}
