import fc from 'fast-check'
import { BSON, type Collection, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertPortable, largestDocument, type Mongo, mongo } from '#database/mongo.ts'
import { findMongod, jongodb } from '#local/databases/mongo-programs.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { temporaryDataFolder } from '#test/support/global-setup.ts'

/** A MongoDB-compatible server. The catalogue may use only what works on all such servers. */
interface Engine {
  name: 'mongod' | 'jongodb' | 'VIGIA_TEST_MONGODB_URI'
  start(): Promise<{ uri: string; stop(): Promise<void> }>
}

const startWith = (env: NodeJS.ProcessEnv) => async () => {
  const { folder, remove } = await temporaryDataFolder()
  const server = await startMongo({ dataDir: folder, env: { HOME: folder, ...env } })
  const stop = async () => {
    await server.stop()
    await remove()
  }
  return { uri: server.uri, stop }
}

const { VIGIA_TEST_MONGODB_URI, PATH, HOME } = process.env
const engines: Engine[] = []
const missing: string[] = []
if (jongodb() !== null) engines.push({ name: 'jongodb', start: startWith({}) })
else missing.push('jongodb (no package for this platform)')
if ((await findMongod('', { PATH, HOME })).length > 0)
  engines.push({ name: 'mongod', start: startWith({ PATH, HOME }) })
else missing.push('mongod (not on PATH, never downloaded)')
if (VIGIA_TEST_MONGODB_URI)
  engines.push({
    name: 'VIGIA_TEST_MONGODB_URI',
    start: async () => ({ uri: VIGIA_TEST_MONGODB_URI, stop: async () => {} }),
  })
else missing.push('VIGIA_TEST_MONGODB_URI (not set)')

process.stdout.write(
  `catalogue contract: runs on ${engines.map(({ name }) => name).join(', ')}; missing: ${missing.join(', ')}\n`,
)

type Doc = Document & { _id: number }
const integersTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const ids = (documents: Doc[]) => documents.map(({ _id }) => _id)
const duplicate = expect.objectContaining({ code: 11_000 })

describe.each(engines)('on $name', ({ name, start }) => {
  let server: { uri: string; stop(): Promise<void> }
  let client: Mongo
  beforeAll(async () => {
    server = await start()
    client = mongo(server.uri)
  })
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  /** Creates a collection under a name that was never used before, and inserts these documents. */
  const fresh = async (documents: Doc[] = []): Promise<Collection<Doc>> => {
    const collection = await client.collection<Doc>(`contract_${process.pid}_${crypto.randomUUID().slice(0, 8)}`)
    if (documents.length > 0) await collection.insertMany(documents)
    return collection
  }

  test('replaceOne with upsert inserts, changes or confirms a document, and the counts say which', async () => {
    const shows = await fresh()
    const write = (document: object) => shows.replaceOne({ _id: 82 }, document, { upsert: true })
    expect(await write({ name: 'a' })).toMatchObject({ matchedCount: 0, upsertedCount: 1, upsertedId: 82 })
    expect(await write({ name: 'b', episodes: [] })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 1,
      upsertedCount: 0,
    })
    expect(await write({ name: 'b', episodes: [] })).toMatchObject({ matchedCount: 1, modifiedCount: 0 })
    expect(await shows.find().toArray()).toEqual([{ _id: 82, name: 'b', episodes: [] }])
    expect(await shows.replaceOne({ _id: 83 }, { name: 'c' })).toMatchObject({ matchedCount: 0, upsertedCount: 0 })
    expect(await shows.deleteOne({ _id: 82 })).toMatchObject({ deletedCount: 1 })
    expect(await shows.deleteOne({ _id: 82 })).toMatchObject({ deletedCount: 0 })
  })

  test('two documents cannot have the same _id', async () => {
    const shows = await fresh([{ _id: 1 }])
    await expect(shows.insertOne({ _id: 1 })).rejects.toEqual(duplicate)
    const inserts = await Promise.allSettled(integersTo(50).map(() => shows.insertOne({ _id: 2 })))
    expect(inserts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await Promise.all(integersTo(50).map(version => shows.replaceOne({ _id: 3 }, { version }, { upsert: true })))
    expect(await shows.countDocuments()).toBe(3)
  })

  test('only one of fifty concurrent conditional writes replaces a document', async () => {
    const shows = await fresh([{ _id: 1, version: 1 }])
    const writes = await Promise.all(
      integersTo(50).map(by => shows.replaceOne({ _id: 1, version: 1 }, { version: 2, by })),
    )
    expect(writes.reduce((sum, { modifiedCount }) => sum + modifiedCount, 0)).toBe(1)
  })

  test('a bulk of twenty writes works, and so do sixty concurrent writes', async () => {
    const shows = await fresh()
    const writes = integersTo(20).map(_id => ({ replaceOne: { filter: { _id }, replacement: { v: 1 }, upsert: true } }))
    expect(await shows.bulkWrite(writes)).toMatchObject({ upsertedCount: 20 })
    await Promise.all(integersTo(60).map(_id => shows.replaceOne({ _id }, { v: 2 }, { upsert: true })))
    expect(await shows.countDocuments({ v: 2 })).toBe(60)
  })

  test('documents are read as they were written', async () => {
    const shows = await fresh()
    const episodes = integersTo(60).map(id => ({
      id,
      name: 'é'.repeat(500),
      number: id % 7 || null,
      airstamp: new Date(id * 1e9),
    }))
    const document = {
      _id: 5,
      text: 'São “Paulo” 🎬',
      no: null,
      yes: true,
      int: -3,
      big: 2 ** 40,
      part: 0.1,
      at: { deep: [1, 2] },
      episodes,
    }
    assertPortable(document)
    await shows.replaceOne({ _id: 5 }, document, { upsert: true })
    expect(await shows.findOne({ _id: 5 })).toEqual(document)
  })

  test('a query can filter by _id, equality, dotted fields, $in, $ne, $or, $exists and null', async () => {
    const shows = await fresh([
      { _id: 1, name: 'a', imdb: 'tt1', names: { pt: 'x' }, at: new Date(0), episodes: [{ id: 11 }] },
      { _id: 2, name: 'b', imdb: null, names: { pt: null }, at: new Date(1), episodes: [{ id: 21 }, { id: 22 }] },
      { _id: 3, name: 'b', names: { pt: 'y' }, at: new Date(2), episodes: [] },
    ])
    const found = async (filter: object) => ids(await shows.find(filter).sort({ _id: 1 }).toArray())
    expect(await found({ _id: { $in: [3, 1, 9] } })).toEqual([1, 3])
    expect(await found({ name: 'b' })).toEqual([2, 3])
    expect(await found({ 'names.pt': 'y' })).toEqual([3])
    expect(await found({ 'episodes.id': 22 })).toEqual([2])
    expect(await found({ name: { $ne: 'b' } })).toEqual([1])
    expect(await found({ $or: [{ name: 'a' }, { 'names.pt': 'y' }] })).toEqual([1, 3])
    expect(await found({ imdb: { $exists: true } })).toEqual([1, 2])
    expect(await found({ imdb: null })).toEqual([2, 3])
    expect(await found({ at: { $gte: new Date(1) } })).toEqual([2, 3])
    expect(await shows.findOne({ _id: 9 })).toBeNull()
    expect(await shows.countDocuments({ name: 'b' })).toBe(2)
    expect((await shows.distinct('name')).sort()).toEqual(['a', 'b'])
  })

  test('a query can sort, skip and limit, and a cursor reads three thousand documents', async () => {
    const shows = await fresh(integersTo(3_000).map(_id => ({ _id, rank: _id % 3 })))
    const page = shows.find().sort({ rank: -1, _id: 1 }).skip(999).limit(3)
    expect(ids(await page.toArray())).toEqual([2_999, 1, 4])
    let count = 0
    for await (const _ of shows.find().batchSize(500)) count++
    expect(count).toBe(3_000)
  })

  test('an index can be created twice, and a unique index refuses a duplicate', async () => {
    const shows = await fresh()
    await shows.createIndex({ 'episodes.airstamp': 1 })
    await shows.createIndex({ 'episodes.airstamp': 1 })
    await shows.createIndex({ imdb: 1 }, { unique: true })
    await shows.insertOne({ _id: 1, imdb: 'tt1' })
    await expect(shows.insertOne({ _id: 2, imdb: 'tt1' })).rejects.toEqual(duplicate)
  })

  // Features that the catalogue does not use, because they do not work on the servers in `wrongOn`. When a new version
  // of such a server supports a feature, the test of the feature fails here. Then remove the server from `wrongOn`.
  const unusedFeatures: { what: string; wrongOn: Engine['name'][]; try: (shows: Collection<Doc>) => Promise<void> }[] =
    [
      {
        what: 'a projection returns only the named fields',
        wrongOn: ['jongodb'],
        try: async shows => {
          await shows.insertOne({ _id: 1, name: 'a', episodes: [] })
          expect(await shows.findOne({ _id: 1 }, { projection: { name: 1 } })).toEqual({ _id: 1, name: 'a' })
        },
      },
      {
        what: 'a failed write of an unordered bulk does not stop the other writes',
        wrongOn: ['jongodb'],
        try: async shows => {
          await shows.insertOne({ _id: 2 })
          const writes = integersTo(3).map(_id => ({ insertOne: { document: { _id } } }))
          await expect(shows.bulkWrite(writes, { ordered: false })).rejects.toEqual(duplicate)
          expect(await shows.countDocuments()).toBe(3)
        },
      },
      {
        what: 'an unknown operator is refused',
        wrongOn: ['jongodb'],
        try: async shows => {
          await expect(shows.find({ _id: { $greater: 1 } as never }).toArray()).rejects.toThrow()
        },
      },
      {
        what: 'expressions of an aggregation are evaluated',
        wrongOn: ['jongodb'],
        try: async shows => {
          await shows.insertOne({ _id: 1, a: 2 })
          const sums = await shows.aggregate([{ $addFields: { b: { $add: ['$a', 1] } } }]).toArray()
          expect(sums).toEqual([{ _id: 1, a: 2, b: 3 }])
        },
      },
      {
        what: 'collections can be listed',
        wrongOn: ['jongodb'],
        try: async shows => {
          await shows.insertOne({ _id: 1 })
          const opened = new (await import('mongodb')).MongoClient(server.uri)
          const listed = await opened
            .db()
            .listCollections()
            .toArray()
            .finally(() => opened.close())
          expect(listed.map(collection => collection.name)).toContain(shows.collectionName)
        },
      },
    ]
  for (const { what, wrongOn, try: attempt } of name === 'VIGIA_TEST_MONGODB_URI' ? [] : unusedFeatures)
    (wrongOn.includes(name) ? test.fails : test)(`not used by the catalogue: ${what}`, async () =>
      attempt(await fresh()),
    )
})

describe('the check of a document before a write', () => {
  test.each<[string, unknown, string]>([
    ['a dot in a key', { names: { 'a.b': 1 } }, 'names cannot be stored in the catalogue: "a.b" is not a key'],
    ['a $ in front of a key', { $set: 1 }, 'document cannot be stored in the catalogue: "$set" is not a key'],
    ['an empty key', { '': 1 }, '"" is not a key'],
    ['NaN', { episodes: [{ number: Number.NaN }] }, 'episodes.0.number cannot be stored in the catalogue: NaN is not'],
    ['Infinity', { at: -Infinity }, '-Infinity is not a finite number'],
    ['a NUL in a text', { name: 'a\0b' }, 'name cannot be stored in the catalogue: the text contains a NUL'],
    [
      'an array in an array',
      { a: [1, [2]] },
      'a cannot be stored in the catalogue: element 1 is an array inside an array',
    ],
    ['an invalid date', { at: new Date('x') }, 'the date is invalid'],
    ['a bigint', { id: 1n }, 'id cannot be stored in the catalogue: JSON has no bigint'],
    ["the driver's own numbers", { id: new BSON.Long(1) }, 'Long is not a plain object'],
    ['undefined in an array', { a: [undefined] }, 'a.0 cannot be stored in the catalogue: JSON has no undefined'],
    ['a document of more than 16 MB', { _id: 82, text: 'x'.repeat(largestDocument) }, 'document 82 is too large'],
  ])('refuses %s, and the error names the path', (_, document, words) => {
    expect(() => assertPortable(document as Document)).toThrow(words)
  })

  test('refuses a circular reference instead of hanging', () => {
    const circular: Document = {}
    circular.again = circular
    expect(() => assertPortable(circular)).toThrow('nested deeper than 100')
  })

  test('computes the size that the driver will send', () => {
    const text = fc.string({ unit: 'binary', maxLength: 8 }).filter(sample => !sample.includes('\0'))
    const key = text.filter(sample => /^[^$.][^.]*$/s.test(sample))
    const number = fc.oneof(fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true }))
    const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.date({ noInvalidDate: true }))
    const { document } = fc.letrec<{ document: Document; value: unknown }>(tie => ({
      document: fc.dictionary(key, tie('value'), { maxKeys: 5, depthIdentifier: 'd' }),
      value: fc.oneof(
        { maxDepth: 3, depthIdentifier: 'd' },
        leaf,
        fc.array(leaf, { maxLength: 4 }),
        fc.array(tie('document'), { maxLength: 3 }),
        tie('document'),
      ),
    }))
    fc.assert(
      fc.property(document, sample => {
        expect(assertPortable(sample)).toBe(BSON.calculateObjectSize(sample, { ignoreUndefined: true }))
      }),
    )
  })
})
