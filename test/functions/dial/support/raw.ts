import { connect } from 'node:net'

/** Sends bytes as they are to a port of this machine; all that comes back until the other side closes. */
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

/** Of an answer as it came. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])

/** Writes a body for as long as it is let; the status, which must arrive whatever becomes of the writing. */
export const insisting = (port: number, head: string, pieces: () => string | undefined): Promise<number> =>
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
    socket.on('close', () => reject(new Error('closed without an answer')))
  })

/** A piece so many times, then undefined. */
export const times = (count: number, piece: string) => {
  let left = count
  return () => (left-- > 0 ? piece : undefined)
}
