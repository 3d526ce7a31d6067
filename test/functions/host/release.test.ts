import { afterEach, expect, test } from 'vitest'
import { SeriesFollowed } from '#events/series-followed.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { logger } from '#functions/host/log.ts'
import { startFunction } from '#test/support/function-server.ts'

const keeper: FunctionDefinition = { name: 'keeper', events: [on(SeriesFollowed, async () => {})] }

const image = { VIGIA_VERSION: '1.4.2', VIGIA_REVISION: 'd1b2c3' }
afterEach(() => {
  for (const name of Object.keys(image)) delete process.env[name]
})

test('in an image a function says on /version which release it is', async () => {
  Object.assign(process.env, image)
  await using function_ = await startFunction(keeper)
  const { status, headers, body } = await function_.ask({ method: 'GET', path: '/version' })
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' })
  expect(JSON.parse(body)).toEqual({ function: 'keeper', version: '1.4.2', revision: 'd1b2c3' })
})

test('outside of an image it is unreleased, and so is an image that was built without a revision', async () => {
  await using function_ = await startFunction(keeper)
  const revision = async () => JSON.parse((await function_.ask({ method: 'GET', path: '/version' })).body).revision
  expect(await revision()).toBe('unreleased')
  process.env.VIGIA_VERSION = '1.4.2'
  expect(await revision()).toBe('unreleased')
})

test('an event posted to /version is an event all the same', async () => {
  await using function_ = await startFunction(keeper)
  expect(await function_.ask({ method: 'POST', path: '/version', body: '{}' })).toMatchObject({ status: 400 })
})

test('the metrics carry the release as labels', async () => {
  Object.assign(process.env, image)
  await using function_ = await startFunction(keeper)
  const { body } = await function_.ask({ method: 'GET', path: '/metrics' })
  expect(body).toContain('vigia_build_info{version="1.4.2",revision="d1b2c3",function="keeper"} 1')
})

test('lines of the log carry the release in an image, and nothing of the kind outside of one', () => {
  const lines: string[] = []
  const line = () => {
    logger('keeper', { output: { write: text => lines.push(text) }, level: 'info' }).info('here')
    return JSON.parse(lines.at(-1)!)
  }
  expect(line()).not.toHaveProperty('version')
  Object.assign(process.env, image)
  expect(line()).toMatchObject({ function: 'keeper', version: '1.4.2', revision: 'd1b2c3', message: 'here' })
})
