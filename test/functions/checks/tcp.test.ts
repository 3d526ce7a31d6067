import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Aedes } from 'aedes'
import { afterEach, describe, expect, test } from 'vitest'
import { checkTcp } from '#functions/checks/tcp.ts'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { open, type Script, testServers } from '#test/functions/dial/support/servers.ts'
import { sharedServer } from '#test/support/shared-servers.ts'
import { attemptOf } from './support.ts'

const attempt = attemptOf('tcp', checkTcp, open)
const serve = testServers()

const closing: (() => unknown)[] = []
afterEach(() => Promise.all(closing.splice(0).map(close => close())))

const listening = async (server: Server): Promise<number> => {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as { port: number }).port
}

/** Answers each line of a client with the lines that `answer` returns. */
const lines =
  (greeting: string, answer: (line: string, socket: Socket) => string | undefined): Script =>
  socket => {
    let unread = ''
    if (greeting !== '') socket.write(greeting)
    socket.on('data', piece => {
      unread += piece
      for (let end = unread.indexOf('\r\n'); end >= 0; end = unread.indexOf('\r\n')) {
        const reply = answer(unread.slice(0, end), socket)
        unread = unread.slice(end + 2)
        if (reply !== undefined && !socket.destroyed) socket.write(reply)
      }
    })
  }

/** Starts TLS on the server's side of a connection, and answers further lines. */
const secured = (socket: Socket, answer: (line: string) => string | undefined) => {
  socket.removeAllListeners('data')
  const secure = new TLSSocket(socket, { isServer: true, ...certificates.good })
  secure.on('error', () => {})
  lines('', answer)(secure)
}

describe('text that is sent and expected', () => {
  test('passes if the server answers with the text, whatever comes around it and in whatever pieces', async () => {
    const site = await serve(socket =>
      socket.once('data', data => {
        socket.write(`you said ${data.toString().slice(0, 3)}`)
        setTimeout(() => socket.write('lo\r\nbye'), 20)
      }),
    )
    const url = `tcp://a.test:${site.port}`
    expect(await attempt(url, { send: 'hello\r\n', expect: 'hello\r\n' })).toMatchObject({ error: null })
    expect(site.seen.heads[0]).toBe('hello\r\n')
  })

  test('fails with the answer as its detail if the server answers otherwise and closes the connection', async () => {
    const site = await serve(socket => void socket.end('busy\u0007 \r\nnow'))
    const found = await attempt(`tcp://a.test:${site.port}`, { expect: 'ready' })
    expect(found).toMatchObject({ error: 'reply', detail: 'busy now', contact: true })
    const closed = await serve(socket => void socket.end())
    expect(await attempt(`tcp://a.test:${closed.port}`, { expect: 'ready' })).toMatchObject({ error: 'reset' })
  })

  test('is sent over TLS if the monitor wants TLS', async () => {
    const site = await serve(socket => void socket.write('ready'), '127.0.0.1', certificates.good)
    const settings = { tls: true, expect: 'ready' }
    expect(await attempt(`tcp://good.test:${site.port}`, settings)).toMatchObject({ error: null })
    expect(await attempt(`tcp://other.test:${site.port}`, settings)).toMatchObject({ error: 'tls-wrong-host' })
    const any = await attempt(`tcp://other.test:${site.port}`, { ...settings, certificate: 'any' })
    expect(any).toMatchObject({ error: null, warning: 'any-certificate' })
  })
})

test.each([
  ['+PONG\r\n', null],
  ['-NOAUTH Authentication required.\r\n', null],
  ['-LOADING Redis is loading the dataset in memory\r\n', 'reply'],
  ['-MISCONF Errors writing to the disk\r\n', 'reply'],
])('a redis server that answers %j has the error %s', async (answer, error) => {
  const site = await serve(lines('', line => (line === 'PING' ? answer : '-ERR unknown command\r\n')))
  expect(await attempt(`tcp://a.test:${site.port}`, { recipe: 'redis' })).toMatchObject({ error })
})

describe('a mail server', () => {
  const smtp = (abilities: string, greeting = '220 mail ESMTP\r\n') =>
    lines(greeting, (line, socket) => {
      if (line.startsWith('EHLO ')) return `250-mail\r\n${abilities}250 SIZE 1000\r\n`
      if (line === 'QUIT') return void socket.end('221 bye\r\n')
      if (line !== 'STARTTLS') return '500 what\r\n'
      socket.write('220 go ahead\r\n')
      return void secured(socket, inner => (inner.startsWith('EHLO ') ? '250 mail\r\n' : '221 bye\r\n'))
    })

  test('that greets and answers EHLO passes, and one that refuses fails with its words', async () => {
    const site = await serve(smtp(''))
    expect(await attempt(`tcp://a.test:${site.port}`, { recipe: 'smtp' })).toMatchObject({ error: null, tlsMs: null })
    const busy = await serve(smtp('', '554 no service\r\n'))
    const found = await attempt(`tcp://a.test:${busy.port}`, { recipe: 'smtp' })
    expect(found).toMatchObject({ error: 'reply', detail: '554 no service' })
  })

  test('is checked over STARTTLS, with its certificate', async () => {
    const site = await serve(smtp('250-STARTTLS\r\n'))
    const settings = { recipe: 'smtp', starttls: true }
    const good = await attempt(`tcp://good.test:${site.port}`, settings)
    expect(good).toMatchObject({ error: null, tlsMs: expect.any(Number) })
    expect(await attempt(`tcp://other.test:${site.port}`, settings)).toMatchObject({ error: 'tls-wrong-host' })
    const plain = await serve(smtp(''))
    expect(await attempt(`tcp://a.test:${plain.port}`, settings)).toMatchObject({ error: 'starttls' })
  })

  test('that sends commands together with its agreement to STARTTLS is refused', async () => {
    const site = await serve(
      lines('220 mail\r\n', line =>
        line === 'STARTTLS' ? '220 go\r\n250 injected\r\n' : '250-mail\r\n250 STARTTLS\r\n',
      ),
    )
    const found = await attempt(`tcp://good.test:${site.port}`, { recipe: 'smtp', starttls: true })
    expect(found).toMatchObject({ error: 'protocol', tlsMs: null })
  })

  test('for IMAP passes with and without STARTTLS', async () => {
    const site = await serve(
      lines('* OK ready\r\n', (line, socket) => {
        const [tag, command] = line.split(' ')
        if (command === 'CAPABILITY') return `* CAPABILITY IMAP4rev1 STARTTLS\r\n${tag} OK done\r\n`
        if (command === 'LOGOUT') return void socket.end(`* BYE\r\n${tag} OK bye\r\n`)
        if (command !== 'STARTTLS') return `${tag} BAD what\r\n`
        socket.write(`${tag} OK begin\r\n`)
        return void secured(socket, inner => `* CAPABILITY IMAP4rev1\r\n${inner.split(' ')[0]} OK done\r\n`)
      }),
    )
    const url = `tcp://good.test:${site.port}`
    expect(await attempt(url, { recipe: 'imap' })).toMatchObject({ error: null })
    expect(await attempt(url, { recipe: 'imap', starttls: true })).toMatchObject({ error: null })
    const full = await serve(lines('* BYE too many connections\r\n', () => undefined))
    const refused = await attempt(`tcp://a.test:${full.port}`, { recipe: 'imap' })
    expect(refused).toMatchObject({ error: 'reply', detail: '* BYE too many connections' })
  })
})

describe('a PostgreSQL server', () => {
  /** Gives the real PostgreSQL of the tests, which has only a Unix socket, a TCP port. */
  const realPort = async () => {
    const url = new URL(await sharedServer('postgres'))
    const folder = url.searchParams.get('host')
    return listening(
      createServer(client => {
        const server = folder ? connect(`${folder}/.s.PGSQL.${url.port || 5432}`) : connect(+url.port, url.hostname)
        server.on('error', () => client.destroy())
        client.pipe(server).pipe(client)
      }),
    )
  }

  test('that is real passes, although it does not know our user', async () => {
    const url = `tcp://a.test:${await realPort()}`
    expect(await attempt(url, { recipe: 'postgres' })).toMatchObject({ error: null })
    expect(await attempt(url, { recipe: 'postgres', starttls: true })).toMatchObject({ error: 'starttls' })
  })

  test('that is starting or full fails with its words', async () => {
    const body = Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0')
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    const site = await serve(
      socket => void socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, body]))),
    )
    const found = await attempt(`tcp://a.test:${site.port}`, { recipe: 'postgres' })
    expect(found).toMatchObject({ error: 'reply', detail: '57P03 the database system is starting up' })
  })

  test('is checked over TLS after its agreement', async () => {
    const site = await serve(socket =>
      socket.once('data', () => {
        socket.write('S')
        const secure = new TLSSocket(socket, { isServer: true, ...certificates.good })
        secure.on('error', () => {})
        secure.once('data', () => secure.write(Buffer.from('520000000800000005', 'hex')))
      }),
    )
    const settings = { recipe: 'postgres', starttls: true }
    expect(await attempt(`tcp://good.test:${site.port}`, settings)).toMatchObject({ error: null })
    expect(await attempt(`tcp://other.test:${site.port}`, settings)).toMatchObject({ error: 'tls-wrong-host' })
  })
})

describe('a MySQL server', () => {
  const packet = (payload: Buffer, number = 0) => {
    const head = Buffer.alloc(4)
    head.writeUIntLE(payload.length, 0, 3)
    head[3] = number
    return Buffer.concat([head, payload])
  }
  /** The greeting of protocol 10 of MySQL 8 with these abilities. */
  const greeting = (abilities: number) => {
    const rest = Buffer.alloc(44)
    rest.writeUInt16LE(abilities, 13)
    return packet(Buffer.concat([Buffer.from('\x0a8.4.3\0', 'latin1'), rest]))
  }

  test('that greets passes, and one with too many connections fails with its words', async () => {
    const site = await serve(socket => void socket.write(greeting(0xf7ff)))
    expect(await attempt(`tcp://a.test:${site.port}`, { recipe: 'mysql' })).toMatchObject({ error: null })
    const full = await serve(
      socket => void socket.end(packet(Buffer.from('\xff\x10\x04Too many connections', 'latin1'))),
    )
    const found = await attempt(`tcp://a.test:${full.port}`, { recipe: 'mysql' })
    expect(found).toMatchObject({ error: 'reply', detail: 'Too many connections' })
  })

  test('is checked over TLS if it has the ability', async () => {
    const settings = { recipe: 'mysql', starttls: true }
    const requests: Buffer[] = []
    const site = await serve(socket => {
      socket.write(greeting(0x0800))
      socket.once('data', request => {
        requests.push(request as Buffer)
        socket.removeAllListeners('data').pause()
        socket.unshift((request as Buffer).subarray(36))
        new TLSSocket(socket, { isServer: true, ...certificates.good }).on('error', () => {})
      })
    })
    expect(await attempt(`tcp://good.test:${site.port}`, settings)).toMatchObject({ error: null })
    expect(requests[0]!.subarray(0, 4).toString('hex')).toBe('20000001')
    expect(requests[0]!.readUInt32LE(4) & 0x0800).toBe(0x0800)
    const plain = await serve(socket => void socket.write(greeting(0xf7ff & ~0x0800)))
    expect(await attempt(`tcp://good.test:${plain.port}`, settings)).toMatchObject({ error: 'starttls' })
  })
})

describe('an MQTT broker', () => {
  test('that is real passes, also if it refuses unknown clients', async () => {
    const broker = await Aedes.createBroker()
    closing.push(() => new Promise<void>(resolve => broker.close(resolve)))
    const port = await listening(createServer(broker.handle))
    const url = `tcp://a.test:${port}`
    expect(await attempt(url, { recipe: 'mqtt' })).toMatchObject({ error: null })
    broker.authenticate = (_client, _user, _password, done) =>
      done(Object.assign(new Error('who'), { returnCode: 5 }), false)
    expect(await attempt(url, { recipe: 'mqtt' })).toMatchObject({ error: null })
  })

  test('that is unavailable fails', async () => {
    const site = await serve(socket => void socket.once('data', () => socket.end(Buffer.from([0x20, 2, 0, 3]))))
    const found = await attempt(`tcp://a.test:${site.port}`, { recipe: 'mqtt' })
    expect(found).toMatchObject({ error: 'reply', detail: 'CONNACK 3' })
  })
})

describe('a hostile server', () => {
  const forever = (chunk: string | Buffer) => (socket: Socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  }
  const noise = Buffer.alloc(65_536, 'x')

  test.each(['redis', 'smtp', 'imap', 'postgres', 'mysql', 'mqtt', 'expect'])(
    'that sends endless bytes, endless lines, or nothing ends the check of %s in time',
    async kind => {
      const settings = kind === 'expect' ? { send: 'x', expect: 'never' } : { recipe: kind }
      for (const script of [forever(noise), forever('* 250-x\r\n'.repeat(5_000)), forever('220-x\r\n'.repeat(5_000))]) {
        const site = await serve(script)
        const found = await attempt(`tcp://a.test:${site.port}`, settings, { timeoutMs: 1_000 })
        expect(['reply', 'timeout']).toContain(found.error)
        expect(found.totalMs).toBeLessThan(2_000)
      }
      const silent = await serve(() => {})
      const found = await attempt(`tcp://a.test:${silent.port}`, settings, { timeoutMs: 200 })
      expect(found).toMatchObject({ error: 'timeout', contact: true })
    },
  )

  test('that stops in its TLS handshake after STARTTLS ends the check at its time limit', async () => {
    const site = await serve(
      lines('220 mail\r\n', (line, socket) => {
        if (line !== 'STARTTLS') return '250-mail\r\n250 STARTTLS\r\n'
        // The random bytes of the handshake may contain the end of a line, which must get no answer.
        socket.removeAllListeners('data')
        return '220 go\r\n'
      }),
    )
    const settings = { recipe: 'smtp', starttls: true }
    const found = await attempt(`tcp://good.test:${site.port}`, settings, { timeoutMs: 300 })
    expect(found).toMatchObject({ error: 'timeout' })
  })
})

test('a private address is not contacted, whatever the settings are', async () => {
  const { strict } = await import('#test/functions/dial/support/servers.ts')
  const victim = await serve(socket => void socket.write('+PONG\r\n'))
  const found = await attemptOf('tcp', checkTcp, strict)(`tcp://127.0.0.1:${victim.port}`, { recipe: 'redis' })
  expect(found).toMatchObject({ error: 'private-address' })
  expect(victim.seen.connections).toBe(0)
})
