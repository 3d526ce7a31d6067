import { describe, expect, test } from 'vitest'
import type { DataOf } from '#events/event.ts'
import type { MonitorDegraded } from '#events/monitor-degraded.ts'
import type { MonitorDown } from '#events/monitor-down.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { addChat, ana, bob, fanOut, follow, now, textOf, useFanout } from './support.ts'

useFanout()

const down: DataOf<typeof MonitorDown> = {
  monitorId: 42,
  incidentId: 7,
  name: 'backup <1>',
  url: 'heartbeat:backup-1',
  since: '2026-11-21T00:55:00Z',
  status: null,
  error: 'no-ping',
  lastOkAt: '2026-11-20T23:49:00Z',
  heartbeat: { periodS: 3_600, graceS: 360 },
}
const downWith = (data: Partial<typeof down>) => ({ name: 'monitor.down', data: { ...down, ...data } }) as const

describe('the message that a ping is late', () => {
  test('has the deadline, the last good ping and the schedule', () => {
    expect(textOf(downWith({}))).toBe(
      '🔴 backup <1> não deu sinal\nPrazo: hoje · 21:55 (horário de Brasília)\nÚltimo sinal bom: hoje · 20:49\nEsperado: a cada 1 h, com tolerância de 6 min',
    )
    expect(textOf(downWith({}), bob)).toBe(
      '🔴 backup <1> did not ping\nDeadline: today · 7:55 PM (New York time)\nNo ping since: today · 6:49 PM\nExpected: every 1 h, at most 6 min late',
    )
  })

  test('has the cron expression and its time zone', () => {
    const cron = { cron: '0 3 * * *', timeZone: 'America/Sao_Paulo' }
    expect(textOf(downWith({ heartbeat: cron }))).toContain(
      'Esperado: pelo cron 0 3 * * * (horário de Brasília), com tolerância de 1 h',
    )
  })

  test('of a run that has not ended says so, also for a job that never pinged', () => {
    const overdue = downWith({ error: 'run-overdue', lastOkAt: null })
    expect(textOf(overdue)).toMatch(
      /^🔴 backup <1> começou e não terminou\n(.*\n)*Último sinal bom: nenhum até agora\n/,
    )
    expect(textOf(overdue, bob)).toMatch(
      /^🔴 backup <1> started and did not finish\n(.*\n)*Last good ping: none so far\n/,
    )
  })

  test('has the buttons to answer, and none to check', () => {
    const { buttons } = wording(downWith({}), ana, now) as { buttons: { text: string }[][] }
    expect(buttons.flat().map(({ text }) => text)).toEqual([
      '👀 estou cuidando',
      '🔕 1 h',
      '🔕 até 8h',
      '🔕 até voltar',
    ])
  })

  test('as a reminder says for how long', () => {
    expect(textOf(downWith({ since: '2026-11-20T22:00:00Z', reminder: 1 }))).toMatch(
      /^🔴 backup <1> não deu sinal, e continua assim há 3 h\n/,
    )
    expect(textOf(downWith({ since: '2026-11-20T22:00:00Z', reminder: 1 }), bob)).toMatch(
      /^🔴 backup <1> did not ping, and nothing changed for 3 h\n/,
    )
  })
})

describe('the message that a job failed', () => {
  test('has the exit code and the time, and not the schedule, because the ping came', () => {
    const failed = downWith({ error: 'job-failed', status: 3 })
    expect(textOf(failed)).toBe(
      '🔴 backup <1> falhou com o código 3\nQuando: hoje · 21:55 (horário de Brasília)\nÚltimo sinal bom: hoje · 20:49',
    )
    expect(textOf(failed, bob)).toBe(
      '🔴 backup <1> failed with exit code 3\nWhen: today · 7:55 PM (New York time)\nLast good ping: today · 6:49 PM',
    )
    expect(textOf(downWith({ error: 'job-failed' }), bob)).toMatch(/^🔴 backup <1> failed\n/)
  })
})

describe('the message that a job pings again', () => {
  test('is a silent reply to the message about the problem', async () => {
    await addChat(ana)
    await follow(ana, 'monitor/42')
    const [downMessage] = await fanOut(downWith({}), 'incident/7/monitor.down', 'monitor/42')
    const up = { name: 'monitor.up', data: { ...down, until: '2026-11-21T00:58:00Z' } } as const
    const [upMessage] = await fanOut(up, 'incident/7/monitor.up', 'monitor/42')
    expect(upMessage!.data).toMatchObject({ replyTo: downMessage!.id, silent: true })
    expect(textOf(up)).toBe('🟢 backup <1> deu sinal de novo\nSinal: hoje · 21:58, 3 min depois do problema')
    expect(textOf(up, bob)).toBe('🟢 backup <1> pings again\nPing: today · 7:58 PM, 3 min after the problem')
  })
})

describe('the message about a slow run', () => {
  const slow: DataOf<typeof MonitorDegraded> = {
    monitorId: 42,
    name: 'backup <1>',
    url: 'heartbeat:backup-1',
    reason: 'slow',
    state: 'began',
    since: '2026-11-21T00:55:00Z',
    totalMs: 61_000,
    run: { usualMs: 20_000 },
  }

  test('has its duration and the usual one, and no button to check', () => {
    const event = { name: 'monitor.degraded', data: slow } as const
    expect(textOf(event)).toBe(
      '🟡 backup <1> terminou bem, mas demorou muito\nDuração: 1 min; o normal é 20 s\nTerminou: hoje · 21:55',
    )
    expect(textOf(event, bob)).toBe(
      '🟡 backup <1> finished well but took very long\nDuration: 1 min; usually 20 s\nFinished: today · 7:55 PM',
    )
    expect(wording(event, ana, now).buttons).toBeUndefined()
  })

  test('says without a sound that the next run took its usual time', () => {
    const event = { name: 'monitor.degraded', data: { ...slow, state: 'ended', run: {} } } as const
    expect(textOf(event)).toBe('🟢 backup <1> voltou a terminar no tempo de costume')
    expect(textOf(event, bob)).toBe('🟢 backup <1> takes its usual time again')
    expect(wording(event, bob, now).silent).toBe(true)
  })
})
