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
