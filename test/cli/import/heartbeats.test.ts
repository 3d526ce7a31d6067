import { describe, expect, test } from 'vitest'
import { importCrontab } from '#infra/cli/import/crontab.ts'
import { importHealthchecks } from '#infra/cli/import/healthchecks.ts'

describe('Healthchecks', () => {
  // The fields of https://healthchecks.io/docs/api/.
  const check = {
    name: 'Backup',
    slug: 'nightly-backup',
    tags: 'prod db',
    desc: '',
    grace: 900,
    status: 'up',
    channels: '',
    methods: '',
  }
  const importOne = (more: object) => importHealthchecks(JSON.stringify({ checks: [{ ...check, ...more }] }))

  test.each([
    ['a period', { timeout: 3600 }, { settings: { periodS: 3600, graceS: 900 } }],
    [
      'cron with a zone',
      { schedule: '0 2 * * *', tz: 'Europe/Riga' },
      { settings: { cron: '0 2 * * *', timeZone: 'Europe/Riga', graceS: 900 } },
    ],
    ['a pause', { timeout: 60, status: 'paused' }, { paused: true }],
  ])('%s', (_, more, expected) => {
    const [monitor] = importOne(more).monitors
    expect(monitor).toMatchObject({
      key: 'nightly-backup',
      entry: { kind: 'heartbeat', name: 'Backup', group: 'prod', ...expected },
    })
    expect(monitor!.lost).toEqual([
      'its job has to ping the new URL of the heartbeat',
      'a monitor has one group, so the tags db are left out',
    ])
  })

  test('an OnCalendar schedule is left out with the reason', () => {
    expect(importOne({ schedule: 'Mon..Fri *-*-* 09:00:00', tz: 'UTC' }).leftOut).toEqual([
      { what: 'Backup', why: 'its schedule "Mon..Fri *-*-* 09:00:00" is not cron; OnCalendar is not supported' },
    ])
  })

  test.each([
    ['not JSON', 'the file is not JSON'],
    ['{}', 'it has no list "checks"'],
  ])('%s is refused', (text, words) => {
    expect(() => importHealthchecks(text)).toThrow(words)
  })
})

describe('crontab', () => {
  const read = (text: string, hasUser = false) => importCrontab(text, { hasUser, zone: 'America/Sao_Paulo' })

  test('each job becomes a heartbeat with its schedule in the zone of the machine or of CRON_TZ', () => {
    const { monitors, leftOut } = read(`# comment
MAILTO=""
*/5 * * * *   /usr/local/bin/sync.sh --all
@daily  cd /srv && ./backup.py > /dev/null
CRON_TZ=UTC
0 3 * * 0 FOO=1 nice -n 10 /opt/report
@reboot /usr/bin/start
nonsense
`)
    expect(monitors.map(({ key, entry }) => [key, entry.name, entry.settings])).toEqual([
      ['sync', '/usr/local/bin/sync.sh --all', { cron: '*/5 * * * *', timeZone: 'America/Sao_Paulo' }],
      ['backup', 'cd /srv && ./backup.py > /dev/null', { cron: '0 0 * * *', timeZone: 'America/Sao_Paulo' }],
      ['report', 'FOO=1 nice -n 10 /opt/report', { cron: '0 3 * * 0', timeZone: 'UTC' }],
    ])
    expect(leftOut.map(({ what }) => what)).toEqual(['line 7: @reboot /usr/bin/start', 'line 8: nonsense'])
  })

  test('the user before the command of /etc/crontab is not part of the command', () => {
    expect(read('17 * * * * root run-parts /etc/cron.hourly', true).monitors[0]!.entry.name).toBe(
      'run-parts /etc/cron.hourly',
    )
  })
})
