import { describe, expect, test } from 'vitest'
import { errorsOf, expectRefused, type File, read, source, validManifests } from './support.ts'

describe('a manifest that one machine cannot apply is refused with file, line, field and a next step', () => {
  test.each<[title: string, file: File, from: string | RegExp, to: string, expected: string]>([
    [
      'an override of a standard attribute',
      'knative/sources/echo.yaml',
      'Tick: echo',
      'type: mine',
      'spec.ceOverrides.extensions.type is a standard attribute; overriding it silences the source',
    ],
    [
      'an override with a dash',
      'knative/sources/echo.yaml',
      'Tick: echo',
      'my-tick: x',
      'is not a valid extension name',
    ],
    [
      'data without contentType',
      'knative/sources/echo.yaml',
      '  contentType: application/json\n',
      '',
      'knative/sources/echo.yaml:6: spec has no contentType',
    ],
    [
      'no data',
      'knative/sources/echo.yaml',
      / {2}contentType.*\n {2}data.*\n/,
      '',
      'spec has no data; write data: "{}"',
    ],
    [
      'data that is not a JSON object',
      'knative/sources/echo.yaml',
      `'{"a": 1}'`,
      "'[1]'",
      'spec.data should be a JSON object',
    ],
    [
      'data twice',
      'knative/sources/echo.yaml',
      '  timezone',
      '  dataBase64: e30=\n  timezone',
      'spec.data stands beside dataBase64',
    ],
    [
      'a schedule that is not valid',
      'knative/sources/echo.yaml',
      '*/5 * * * *',
      '*/5 * * * 7',
      'knative/sources/echo.yaml:7: spec.schedule is "*/5 * * * 7": day of week 7 is above 6',
    ],
    ['@every', 'knative/sources/echo.yaml', '*/5 * * * *', '@every 5s', 'the descriptor is not known'],
    [
      'a zone that does not exist',
      'knative/sources/echo.yaml',
      'America/Sao_Paulo',
      'Mars/Olympus',
      'spec.timezone is "Mars/Olympus", which is not an IANA time zone',
    ],
    [
      'an offset instead of a zone',
      'knative/sources/echo.yaml',
      'America/Sao_Paulo',
      '"-03:00"',
      'spec.timezone is "-03:00"',
    ],
    [
      'a sink that does not exist',
      'knative/sources/echo.yaml',
      'name: default',
      'name: other',
      'spec.sink.ref.name is other, and there is no such Broker',
    ],
  ])('%s', (_, file, from, to, expected) => expectRefused(file, from, to, expected))
})

describe('the zone of a PingSource is a name of the IANA database, as Go reads it', () => {
  const sourceWith = (zone: string) =>
    source.replace('timezone: America/Sao_Paulo', `timezone: ${JSON.stringify(zone)}`)

  test.each([
    ...['CST', 'PST', 'JST', 'BST', 'utc', 'Utc', 'america/new_york', 'US/pacific', 'America/new_york', 'gmt'],
    ...['GMT+3', 'UTC+3', 'UTC0', '+03:00', 'Z', 'posix/UTC', 'right/UTC', 'posix/America/New_York', 'SystemV/EST5'],
    ...[
      'America/New_York ',
      ' UTC',
      'UTC ',
      '../UTC',
      '/UTC',
      'America',
      'America/',
      'local',
      'Etc/GMT+15',
      'Etc/Unknown',
    ],
  ])('%j is refused with file, line and field', zone => {
    const [error, ...more] = errorsOf('knative/sources/echo.yaml', sourceWith(zone))
    expect(error).toMatch(/^knative\/sources\/echo\.yaml:\d+: spec\.timezone is ".*", which is not an IANA time zone/)
    expect(error).toContain(`"${zone}"`)
    expect(more).toEqual([])
  })

  test.each([
    ...['UTC', 'GMT', 'EST', 'MST', 'HST', 'EST5EDT', 'CET', 'Etc/GMT+3', 'Etc/GMT-14', 'GMT+0', 'GMT0', 'UCT', 'Zulu'],
    ...['US/Pacific', 'Asia/Calcutta', 'Europe/Kiev', 'Europe/Kyiv', 'America/Argentina/ComodRivadavia', 'Brazil/East'],
  ])('%j is accepted, and keeps its name', zone => {
    const files = { ...validManifests, 'knative/sources/echo.yaml': sourceWith(zone) }
    expect(read(files).sources[0]).toMatchObject({ timeZone: zone })
  })

  test.each(['', 'Local'])('%j is UTC, the zone of the image', zone => {
    expect(read({ ...validManifests, 'knative/sources/echo.yaml': sourceWith(zone) }).sources[0]).toMatchObject({
      timeZone: 'UTC',
    })
  })

  const scheduled = (schedule: string, more = '') =>
    source.replace(/ {2}schedule: .*\n {2}timezone: .*\n/, `  schedule: ${JSON.stringify(schedule)}\n${more}`)

  test.each(['CRON_TZ', 'TZ'])('%s= in front of the schedule sets the zone, too', name => {
    const files = { ...validManifests, 'knative/sources/echo.yaml': scheduled(`${name}=Europe/Lisbon  0 9 * * *`) }
    expect(read(files).sources[0]).toMatchObject({ timeZone: 'Europe/Lisbon', schedule: '0 9 * * *' })
  })

  test.each([
    ['CRON_TZ=CST 0 9 * * *', '', 'spec.schedule is "CRON_TZ=CST 0 9 * * *", which is not an IANA time zone'],
    ['CRON_TZ=Europe/Lisbon 0 9 * *', '', 'spec.schedule is "CRON_TZ=Europe/Lisbon 0 9 * *": expected 5 to 6 fields'],
    ['CRON_TZ=Europe/Lisbon', '', 'spec.schedule is "CRON_TZ=Europe/Lisbon": the zone'],
    ['TZ=Europe/Lisbon 0 9 * * *', '  timezone: UTC\n', 'spec.timezone stands beside the zone of schedule'],
  ])('%j with %j is refused', (schedule, more, words) => {
    expect(errorsOf('knative/sources/echo.yaml', scheduled(schedule, more))).toEqual([expect.stringContaining(words)])
  })
})
