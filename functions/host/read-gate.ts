import type { Socket } from 'node:net'

export interface ReadGate {
  /** Watches a new connection. */
  opened(socket: Socket): void
  /** A request of the connection is handled. */
  began(socket: Socket): void
  /** The response to a request of the connection has been sent, or can no longer be sent. */
  ended(socket: Socket): void
}

export interface ReadGateOptions {
  /** The largest number of requests without a response; the rest of the data that was read comes on top. */
  max: number
  /**
   * A time in which every rule has answered. A connection whose request has had no response for longer belongs to a
   * client that does not read. While the gate is closed, such a connection is ended, so that the others can go on.
   */
  stuckMs: number
}

interface Connection {
  /** Its requests without a response. */
  requests: number
  /** When the oldest of them began, or the last response before them was sent: milliseconds of `performance.now`. */
  since: number
}

/**
 * The part of a connection through which Node.js starts and stops reading. `pause` and `resume` of the stream do not
 * suffice, because the HTTP server uses them itself, and a `resume` that is under way undoes a later `pause`.
 */
interface Handle {
  /** Whether Node.js wants to read. */
  reading: boolean
  readStart(): number
  readStop(): number
}

const handleOf = (socket: Socket) => (socket as { _handle?: Handle | null })._handle

const hold = (socket: Socket) => {
  const handle = handleOf(socket)
  if (!handle) return
  handle.readStop()
  handle.readStart = () => 0
}

const release = (socket: Socket) => {
  const handle = handleOf(socket)
  if (!handle) return
  Reflect.deleteProperty(handle, 'readStart')
  if (handle.reading) handle.readStart()
}

/**
 * Stops reading from all connections while too many requests have no response. Node.js would go on to read pipelined
 * requests, and keep each of them in memory until the response to the one before it has been sent. What is not read
 * waits in the buffers of the senders.
 */
export const readGate = ({ max, stuckMs }: ReadGateOptions): ReadGate => {
  const connections = new Map<Socket, Connection>()
  let total = 0
  let closed: NodeJS.Timeout | undefined

  const close = () => {
    for (const socket of connections.keys()) hold(socket)
    closed = setInterval(() => {
      const begunBefore = performance.now() - stuckMs
      for (const [socket, { requests, since }] of connections)
        if (requests > 0 && since <= begunBefore) socket.destroy()
    }, stuckMs / 4).unref()
  }

  const open = () => {
    clearInterval(closed)
    closed = undefined
    for (const socket of connections.keys()) release(socket)
  }

  const add = (socket: Socket, requests: 1 | -1) => {
    total += requests
    const connection = connections.get(socket)
    if (connection === undefined) return
    if (requests < 0 || connection.requests === 0) connection.since = performance.now()
    connection.requests += requests
  }

  return {
    opened: socket => {
      connections.set(socket, { requests: 0, since: 0 })
      socket.once('close', () => connections.delete(socket))
      if (closed) hold(socket)
    },
    began: socket => {
      add(socket, 1)
      if (closed === undefined && total >= max) close()
    },
    ended: socket => {
      add(socket, -1)
      if (closed && total <= max / 2) open()
    },
  }
}
