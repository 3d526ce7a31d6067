import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { openapiDocument } from '#functions/api/openapi.ts'
import { routes } from '#functions/api/routes.ts'
import { useApi } from './support.ts'

const world = useApi()

// biome-ignore lint/suspicious/noExplicitAny: the test reads any member of the document
const document = JSON.parse(JSON.stringify(openapiDocument())) as any

describe('the OpenAPI document', () => {
  test('is valid, and every reference in it resolves', async () => {
    const validator = new Validator()
    // The validator replaces the references in what it gets.
    const result = await validator.validate(structuredClone(document))
    expect(result.errors).toBeUndefined()
    expect([result.valid, validator.version]).toEqual([true, '3.1'])
    expect(() => validator.resolveRefs()).not.toThrow()
  })

  test('describes every operation once, with its key, its summary and the scopes', () => {
    const operations = Object.entries<Record<string, { operationId: string; description: string }>>(
      document.paths,
    ).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
    )
    expect(operations.toSorted()).toEqual(
      routes.map(({ method, path, operationId }) => `${method.toLowerCase()} ${path} ${operationId}`).toSorted(),
    )
    expect(new Set(routes.map(({ operationId }) => operationId)).size).toBe(routes.length)
    expect(document.security).toEqual([{ key: [] }])
  })

  test('offers secrets only in the forms of requests', () => {
    expect(JSON.stringify(document)).not.toMatch(/environment variable|\{file: path\}/)
  })

  test('has no default key, and tells the refusals as problem documents', () => {
    expect(document.components.responses['401'].content).toHaveProperty(['application/problem+json'])
  })

  test('is served as it is generated', async () => {
    expect((await world.send('GET', '/openapi.json', { key: null })).body).toEqual(document)
  })
})

describe('the examples of the document', () => {
  test.each(routes.filter(({ example, method }) => example !== undefined && method === 'POST'))(
    '$operationId accepts its example',
    async ({ path, example }) => {
      if (path === '/maintenance')
        await world.send('POST', '/monitors', { body: { url: 'https://x.example', group: 'Shop' } })
      const body = JSON.stringify(example).replace('123456789', '7')
      const answer = await world.send('POST', path, { body })
      expect([200, 201], answer.text).toContain(answer.status)
    },
  )
})
