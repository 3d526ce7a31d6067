import { afterEach, expect, test } from 'vitest'
import { SeriesFollowed } from '#events/series-followed.ts'
import { type FunctionDefinition, on } from '#functions/host/function-definition.ts'
import { logger } from '#functions/host/log.ts'
import { startFunction } from '#test/support/function-server.ts'

const keeper: FunctionDefinition = { name: 'keeper', events: [on(SeriesFollowed, async () => {})] }

const imageEnv = { VIGIA_VERSION: '1.4.2', VIGIA_REVISION: 'd1b2c3' }
afterEach(() => {
  for (const name of Object.keys(imageEnv)) delete process.env[name]
})

test('in an image, /version names the release', async () => {
  Object.assign(process.env, imageEnv)
  await using function_ = await startFunction(keeper)
  const { status, headers, body } = await function_.request({ method: 'GET', path: '/version' })
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' })
  expect(JSON.parse(body)).toEqual({ function: 'keeper', version: '1.4.2', revision: 'd1b2c3' })
})

test('the revision is "unreleased" outside an image, and in an image that was built without a revision', async () => {
  await using function_ = await startFunction(keeper)
  const revision = async () => JSON.parse((await function_.request({ method: 'GET', path: '/version' })).body).revision
  expect(await revision()).toBe('unreleased')
  process.env.VIGIA_VERSION = '1.4.2'
  expect(await revision()).toBe('unreleased')
})

test('a POST to /version is handled as an event', async () => {
  await using function_ = await startFunction(keeper)
  expect(await function_.request({ method: 'POST', path: '/version', body: '{}' })).toMatchObject({ status: 400 })
})

test('the metrics have the release as labels', async () => {
  Object.assign(process.env, imageEnv)
  await using function_ = await startFunction(keeper)
  const { body } = await function_.request({ method: 'GET', path: '/metrics' })
  expect(body).toContain('vigia_build_info{version="1.4.2",revision="d1b2c3",function="keeper"} 1')
})

test('log lines have the version, and in an image also the revision', () => {
  const lines: string[] = []
  const line = () => {
    logger('keeper', { output: { write: text => lines.push(text) }, level: 'info' }).info('here')
    return JSON.parse(lines.at(-1)!)
  }
  expect(line()).toMatchObject({ 'service.version': 'sources' })
  expect(line()).not.toHaveProperty(['vigia.revision'])
  Object.assign(process.env, imageEnv)
  expect(line()).toMatchObject({
    'service.name': 'keeper',
    'service.version': '1.4.2',
    'vigia.revision': 'd1b2c3',
    message: 'here',
  })
})
