import { connect } from 'node:net'

const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/**
 * The command `{ ping: 1, $db: 'admin' }` as an OP_MSG. With the MongoDB driver, the command would cost the runtime 20
 * MB of memory.
 */
const ping = (() => {
  const fields = Buffer.concat([
    Buffer.from('\x10ping\0'),
    integer(1),
    Buffer.from('\x02$db\0'),
    integer(6),
    Buffer.from('admin\0\0'),
  ])
  const flagsAndKind = Buffer.alloc(5)
  const document = Buffer.concat([integer(4 + fields.length), fields])
  const opMsg = 2013
  const body = Buffer.concat([integer(1), integer(0), integer(opMsg), flagsAndKind, document])
  return Buffer.concat([integer(4 + body.length), body])
})()

/** `ok: 1` in the answer, as a double or as an integer. */
const okFields = [Buffer.from('\x01ok\0\0\0\0\0\0\0\xf0\x3f', 'latin1'), Buffer.from('\x10ok\0\x01\0\0\0', 'latin1')]

/** Whether a MongoDB-compatible server answers a ping with `ok: 1`. `host` is the loopback address by default. */
export const mongoAnswers = (port: number, timeoutMs = 2_000, host = '127.0.0.1'): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, host)
    let received = Buffer.alloc(0)
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => finish(false))
    socket.on('connect', () => socket.write(ping))
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data])
      if (received.length >= 4 && received.length >= received.readInt32LE())
        finish(okFields.some(ok => received.includes(ok)))
    })
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
