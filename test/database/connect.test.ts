import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#database/connect.ts'
import { firstConnection } from '#database/first-connection.ts'
import { mongo } from '#database/mongo.ts'
import { emptyDatabase, freshDatabase, freshMongo, type TestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())

test('a client connects at its first query, and refuses queries after its end', async () => {
  const nowhere = postgres('postgresql://vigia@localhost/vigia?host=/nowhere')
  await nowhere.end()
  await nowhere.end()
  await expect(nowhere.query('select 1')).rejects.toThrow('the database connection was closed')
  const noCatalogue = mongo('mongodb://127.0.0.1:1/vigia')
  await noCatalogue.end()
  await expect(noCatalogue.collection('show')).rejects.toThrow('the catalogue connection was closed')
})

test('numbers, dates, instants and JSON are returned as JavaScript values', async () => {
  const { rows } = await database.db.query(
    `select count(*), sum(id), avg(id), array_agg(id) as ids, array_agg(null::bigint) as none, '{}'::bigint[] as empty,
       date '2026-11-21' as date, array[date '2026-11-21'] as dates, timestamptz '2026-11-21T12:00:00Z' as at,
       '{"a": [1]}'::jsonb as json, $1::text[] as texts
     from (values (5000000000), (5000000001)) as chat (id)`,
    [['a', 'b,c']],
  )
  expect(rows).toEqual([
    {
      count: 2,
      sum: 10_000_000_001,
      avg: 5_000_000_000.5,
      ids: [5_000_000_000, 5_000_000_001],
      none: [null, null],
      empty: [],
      date: '2026-11-21',
      dates: ['2026-11-21'],
      at: new Date('2026-11-21T12:00:00Z'),
      json: { a: [1] },
      texts: ['a', 'b,c'],
    },
  ])
})

test('a number that JavaScript cannot represent exactly is an error', async () => {
  await expect(database.db.query('select 9007199254740993')).rejects.toThrow('9007199254740993 does not fit')
  expect((await database.db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

describe('a transaction', () => {
  const ids = async () =>
    (await database.db.query<{ id: number }>('select id from chat order by id')).rows.map(({ id }) => id)

  test('is committed when its function returns, and rolled back when it throws', async () => {
    expect(
      await database.db.transaction(async tx => {
        await tx.query('insert into chat (id) values (1)')
        return 'kept'
      }),
    ).toBe('kept')
    const failing = database.db.transaction(async tx => {
      await tx.query('insert into chat (id) values (2)')
      throw new Error('the function fails')
    })
    await expect(failing).rejects.toThrow('the function fails')
    expect(await ids()).toEqual([1])
  })

  test('inside another transaction rolls back only its own writes', async () => {
    await database.db.transaction(async tx => {
      await tx.query('insert into chat (id) values (10)')
      await expect(
        tx.transaction(async inner => {
          await inner.query('insert into chat (id) values (11)')
          await inner.query('insert into chat (id) values (10)')
        }),
      ).rejects.toThrow('duplicate key')
      await tx.transaction(inner => inner.query('insert into chat (id) values (12)'))
    })
    expect(await ids()).toEqual([1, 10, 12])
  })

  test('whose connection is lost fails, and the next transaction gets a new connection', async () => {
    const lost = database.db.transaction(async tx => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
      await database.db.query('select pg_terminate_backend($1)', [rows[0]?.pid])
      await until(
        () =>
          tx.query('select 1').then(
            () => false,
            () => true,
          ),
        { what: 'the loss of the connection' },
      )
      await tx.query('insert into chat (id) values (20)')
    })
    await expect(lost).rejects.toThrow()
    await database.db.transaction(tx => tx.query('insert into chat (id) values (21)'))
    expect(await ids()).toEqual([1, 10, 12, 21])
  })
})

test('a statement that takes too long is cancelled', async () => {
  const client = postgres(database.url, { statementTimeoutMs: 20 })
  await expect(client.query('select pg_sleep(3600)')).rejects.toThrow('statement timeout')
  await client.end()
})

test('prepared statements return the same rows, also with many different texts and inside transactions', async () => {
  const prepared = postgres(database.url, { max: 1, prepare: true })
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 250; n++) {
      const { rows } = await prepared.query(`select $1::int + ${n} as sum`, [round])
      expect(rows).toEqual([{ sum: round + n }])
    }
  }
  const kept = await prepared.transaction(tx =>
    tx.query('select count(*) from pg_prepared_statements where name like $1', ['vigia%']),
  )
  expect(kept.rows).toEqual([{ count: 200 }])
  await prepared.end()
})

describe('a server that does not listen', () => {
  /** A proxy to the server. Its port refuses connections until `listen` is called. */
  const lateProxy = async (socketPath: string | undefined, port: number, host: string) => {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const at = (probe.address() as AddressInfo).port
    probe.close()
    await once(probe, 'close')
    const sockets = new Set<Socket>()
    const server = createServer(client => {
      const upstream = socketPath ? connect(socketPath) : connect(port, host)
      for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}))
      client.pipe(upstream).pipe(client)
    })
    return {
      at,
      listen: async () => {
        server.listen(at, '127.0.0.1')
        await once(server, 'listening')
      },
      close: () => {
        server.close()
        for (const socket of sockets) socket.destroy()
      },
    }
  }

  const postgresBehind = async () => {
    const url = new URL(database.url)
    const folder = url.searchParams.get('host')
    const proxy = await lateProxy(
      folder ? join(folder, `.s.PGSQL.${url.port || '5432'}`) : undefined,
      Number(url.port),
      url.hostname,
    )
    url.searchParams.delete('host')
    url.hostname = '127.0.0.1'
    url.port = String(proxy.at)
    return { ...proxy, url: url.href }
  }

  test.each(['query', 'transaction'] as const)('is awaited by the first %s, which then succeeds', async kind => {
    const server = await postgresBehind()
    const pauses: number[] = []
    const db = postgres(server.url, {
      timer: {
        now: () => 0,
        pause: async ms => {
          pauses.push(ms)
          if (pauses.length === 3) await server.listen()
        },
      },
    })
    try {
      const ask = () =>
        kind === 'query' ? db.query('select 1 as one') : db.transaction(tx => tx.query('select 1 as one'))
      expect((await ask()).rows).toEqual([{ one: 1 }])
      expect(pauses).toEqual([100, 100, 100])
    } finally {
      await db.end()
      server.close()
    }
  })

  test('is awaited for three seconds, and later queries fail at once', async () => {
    const server = await postgresBehind()
    let now = 0
    const pause = async (ms: number) => {
      now += ms
    }
    const db = postgres(server.url, { timer: { now: () => now, pause } })
    await expect(db.query('select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(now).toBe(3_000)
    await expect(db.transaction(tx => tx.query('select 1'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(now).toBe(3_000)
    await db.end()
  })

  test('is not awaited if the client had a connection before, because the broker repeats the event', async () => {
    const server = await postgresBehind()
    await server.listen()
    const pauses: number[] = []
    const db = postgres(server.url, { timer: { now: () => 0, pause: async ms => void pauses.push(ms) } })
    await db.query('select 1')
    server.close()
    await until(() =>
      db.query('select 1').then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      ),
    )
    expect(pauses).toEqual([])
    await db.end()
  })

  test('is awaited by the first query of the catalogue, too', async () => {
    const behind = await freshMongo()
    const [, host, port] = /\/\/([^/:]+):(\d+)\//.exec(behind.uri)!
    const server = await lateProxy(undefined, Number(port), host!)
    const shows = mongo(behind.uri.replace(`${host}:${port}`, `127.0.0.1:${server.at}`))
    try {
      const asked = (await shows.collection('show')).countDocuments()
      await server.listen()
      expect(await asked).toBe(0)
    } finally {
      await shows.end()
      await behind.end()
      server.close()
    }
  })
})

describe('an error of the first connection', () => {
  const failing = (code: string, message = '') => Object.assign(new Error(message), { code })
  const attempts = async (error: Error) => {
    let made = 0
    let now = 0
    const pause = async (ms: number) => {
      now += ms
    }
    const { connection } = firstConnection({ now: () => now, pause })
    await connection(async () => {
      made++
      throw error
    }).catch(() => {})
    return made
  }

  test.each(['ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P03'])(
    '%s is followed by further attempts',
    async code => expect(await attempts(failing(code))).toBe(31),
  )

  test.each([
    ['a wrong password', '28P01'],
    ['a database that does not exist', '3D000'],
    ['too many connections', '53300'],
    ['a socket that does not exist', 'ENOENT'],
    ['a connection that was dropped', 'ECONNRESET'],
  ])('%s is final', async (_, code) => expect(await attempts(failing(code))).toBe(1))
})

test('each freshDatabase is a separate migrated database, and an emptyDatabase has no tables', async () => {
  const [other, empty] = await Promise.all([freshDatabase(), emptyDatabase()])
  await database.db.query('insert into chat (id) values (30)')
  expect((await other.db.query('select id from chat')).rows).toEqual([])
  await expect(empty.db.query('select from chat')).rejects.toThrow('relation "chat" does not exist')
  await Promise.all([other.end(), empty.end()])
  await expect(other.db.query('select 1')).rejects.toThrow('was closed')
})

test('each freshMongo is a separate database', async () => {
  const [one, other] = await Promise.all([freshMongo(), freshMongo()])
  const shows = await one.mongo.collection<{ _id: number; name: string }>('show')
  await shows.replaceOne({ _id: 82 }, { name: 'x' }, { upsert: true })
  expect(await shows.findOne({ _id: 82 })).toEqual({ _id: 82, name: 'x' })
  expect(await (await other.mongo.collection('show')).countDocuments()).toBe(0)
  await Promise.all([one.end(), other.end()])
})

test('waiting for a condition ends at the timeout, with the name of the condition and the last error', async () => {
  let tries = 0
  expect(await until(() => ++tries > 3 && 'there')).toBe('there')
  const never = until(() => Promise.reject(new Error('not yet')), { timeoutMs: 20, what: 'the answer' })
  await expect(never).rejects.toThrow(
    expect.objectContaining({
      message: 'timed out after 20 ms while waiting for the answer',
      cause: new Error('not yet'),
    }),
  )
})
