import { describe, expect, test } from 'vitest'
import type { DataOf } from '#events/event.ts'
import type { MonitorDown } from '#events/monitor-down.ts'
import type { ProbeFinished } from '#events/probe-finished.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { decode } from '#functions/telegram/callback-data.ts'
import { plain, visibleLength } from '#functions/telegram/html.ts'
import { addChat, ana, bob, fanOut, follow, now, textOf, useFanout } from './support.ts'

useFanout()

describe('monitors', () => {
  const down: DataOf<typeof MonitorDown> = {
    monitorId: 42,
    incidentId: 7,
    name: 'exemplo.com.br',
    url: 'https://exemplo.com.br/saude?a=1&b=2',
    since: '2026-11-21T00:55:00Z',
    status: 500,
    error: 'status',
    lastOkAt: '2026-11-21T00:54:00Z',
  }

  test('the message about monitor.down has the reason, the start, the last success and buttons to answer and to check', () => {
    const message = wording({ name: 'monitor.down', data: down }, ana, now)
    expect(plain(message.html)).toBe(
      '🔴 exemplo.com.br saiu do ar\nMotivo: respondeu com erro 500\nDesde: hoje · 21:55 (horário de Brasília)\nÚltima vez no ar: hoje · 21:54\nhttps://exemplo.com.br/saude?a=1&b=2',
    )
    // Members of a group in other zones see their own time, without the name of the chat's zone.
    expect(message.html).toContain(
      'Desde: <tg-time unix="1795222500" format="wDt">hoje · 21:55 (horário de Brasília)</tg-time>\n',
    )
    expect(message.silent).toBeUndefined()
    expect(textOf({ name: 'monitor.down', data: { ...down, lastOkAt: null } })).toMatch(
      /^🔴 exemplo\.com\.br está fora do ar\n(.*\n)*Última vez no ar: nenhuma até agora\n/,
    )
    const buttons = message.buttons as { text: string; data: string }[][]
    expect(buttons.map(row => row.map(({ text }) => text))).toEqual([
      ['👀 estou cuidando'],
      ['🔕 1 h', '🔕 até 8h', '🔕 até voltar'],
      ['verificar agora'],
    ])
    expect(buttons.flat().map(({ data }) => decode(data))).toEqual([
      { act: 'answer', incident: 7, answer: 'acknowledge' },
      { act: 'answer', incident: 7, answer: 'hour' },
      { act: 'answer', incident: 7, answer: 'morning' },
      { act: 'answer', incident: 7, answer: 'recovery' },
      { act: 'check', monitor: 42 },
    ])
  })

  test('the message about monitor.up is a silent reply to the message about monitor.down, and has the duration', async () => {
    await addChat(ana)
    await follow(ana, 'monitor/42')
    const [downMessage] = await fanOut({ name: 'monitor.down', data: down }, 'incident/7/monitor.down', 'monitor/42')
    const up: NotifiableEvent = { name: 'monitor.up', data: { ...down, until: '2026-11-21T01:02:10Z' } }
    const [upMessage] = await fanOut(up, 'incident/7/monitor.up', 'monitor/42')
    expect(upMessage!.data).toMatchObject({ replyTo: downMessage!.id, silent: true })
    expect(plain(upMessage!.data.html)).toBe('🟢 exemplo.com.br voltou ao ar\nFicou fora por 7 min: das 21:55 às 22:02')
    const blink = { ...down, until: '2026-11-21T00:55:40Z' }
    expect(textOf({ name: 'monitor.up', data: blink })).toContain('Ficou fora por 40 s: às 21:55')
    const night = { ...down, since: '2026-11-20T02:30:00Z', until: '2026-11-21T01:02:10Z' }
    expect(textOf({ name: 'monitor.up', data: night })).toContain(
      'Ficou fora por 22 h 32 min: ontem · 23:30 – hoje · 22:02',
    )
  })

  test('the message about a parent counts and names the monitors that depend on it', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
    const hundred: NotifiableEvent = { name: 'monitor.down', data: { ...down, dependents: { count: 100, names } } }
    expect(textOf(hundred)).toContain(
      'Dependem dele 100 monitores: a, b, c, d, e, f, g, h, i, j e mais 90. Só aviso dos que continuarem fora do ar depois que ele voltar.',
    )
    expect(textOf({ name: 'monitor.down', data: { ...down, dependents: { count: 1, names: ['a'] } } }, bob)).toContain(
      '1 monitor depends on it: a. I will only report those that are still down after it is back.',
    )
  })

  test('a reminder says how long the outage lasts, and has the same buttons', () => {
    const reminder = { name: 'monitor.down', data: { ...down, since: '2026-11-20T22:00:00Z', reminder: 2 } } as const
    expect(textOf(reminder)).toMatch(
      /^🔴 exemplo\.com\.br continua fora do ar há 3 h\nMotivo: respondeu com erro 500\n/,
    )
    expect(textOf(reminder, bob)).toMatch(/^🔴 exemplo\.com\.br has been down for 3 h/)
    expect(wording(reminder, ana, now).buttons).toEqual(wording({ name: 'monitor.down', data: down }, ana, now).buttons)
  })

  test('the message about a recovery has the failed checks, and the phases and the error of the first in a part that opens', () => {
    const up: NotifiableEvent = {
      name: 'monitor.up',
      data: {
        ...down,
        until: '2026-11-21T01:02:10Z',
        failedChecks: 8,
        phases: { dnsMs: 4.2, connectMs: 12, tlsMs: 41, firstByteMs: null, totalMs: 1_204 },
      },
    }
    expect(wording(up, ana, now).html).toBe(
      '🟢 <b>exemplo.com.br</b> voltou ao ar\nFicou fora por 7 min: das <tg-time unix="1795222500" format="t">21:55</tg-time> às <tg-time unix="1795222930" format="t">22:02</tg-time>\n8 verificações falharam\n' +
        '<blockquote expandable>Primeira verificação que falhou: respondeu com erro 500\nDNS: 4 ms\nconexão: 12 ms\nTLS: 41 ms\ntotal: 1.204 ms</blockquote>',
    )
    const twice = { ...down, until: '2026-11-21T01:02:10Z', failedChecks: 1, outages: { count: 2, downMs: 180_000 } }
    expect(textOf({ name: 'monitor.up', data: twice }, bob)).toContain(
      'It was down for 3 min, in 2 outages: from 7:55 PM to 8:02 PM\n1 check failed',
    )
  })

  test('maintenance is announced to its chat without a sound, with its times and its monitors', async () => {
    await addChat(ana)
    const maintenance = (phase: 'announced' | 'started' | 'ended', more = {}): NotifiableEvent => ({
      name: 'maintenance.changed',
      data: {
        ...{ windowId: 5, chatId: ana.id, phase, title: 'troca do disco', scope: 'all' },
        ...{
          startsAt: '2026-11-21T02:00:00Z',
          endsAt: '2026-11-21T02:20:00Z',
          monitors: { count: 12, names: ['a', 'b'] },
        },
        ...more,
      },
    })
    const [message] = await fanOut(maintenance('announced'), 'x', 'maintenance-window/5')
    expect(message!.data).toMatchObject({ chatId: ana.id, silent: true })
    expect(plain(message!.data.html)).toBe(
      '🛠 Manutenção troca do disco marcada: hoje · 23:00 – 23:20 (horário de Brasília)\nTodos os monitores (12): a, b e mais 10\nDurante a manutenção não aviso de quedas.',
    )
    expect(textOf(maintenance('started', { title: '', scope: 'monitor', monitors: { count: 1, names: ['a'] } }))).toBe(
      '🛠 Começou a manutenção: hoje · 23:00 – 23:20 (horário de Brasília)\nMonitor: a\nAté lá não aviso de quedas.',
    )
    expect(textOf(maintenance('ended', { scope: 'group', group: 'loja' }), bob)).toBe(
      '🛠 Maintenance troca do disco has ended\nGroup loja (12): a, b and 10 more\nI report outages again, and next what is still down.',
    )
  })

  test('the uptime of an unstable monitor is never shown as 0 % or 100 %', () => {
    const { monitorId, incidentId, name, url, since, status, error } = down
    const steady = (uptime: number): NotifiableEvent => ({
      name: 'monitor.steady',
      data: { monitorId, incidentId, name, url, since, status, error, changes: 12, uptime, downSince: null },
    })
    expect(textOf(steady(0.996))).toContain('Esteve no ar 99% desse tempo')
    expect(textOf(steady(0.001), bob)).toContain('It was up 1% of that time')
    expect(textOf(steady(0.698))).toContain('Esteve no ar 70% desse tempo')
  })

  test('the message about a requested check has the result', () => {
    const finished = (more: Partial<DataOf<typeof ProbeFinished>>): NotifiableEvent => ({
      name: 'probe.finished',
      data: {
        monitorId: 42,
        name: 'exemplo.com.br',
        url: down.url,
        chatId: 1,
        reason: 'now',
        ok: false,
        status: null,
        error: 'timeout',
        totalMs: 10_000,
        ...more,
      },
    })
    expect(textOf(finished({}))).toBe('🟠 exemplo.com.br não passou na verificação: não respondeu a tempo')
    expect(textOf(finished({ reason: 'first', error: 'dns' }))).toBe(
      '🟠 exemplo.com.br não passou na primeira verificação: o nome não foi encontrado (DNS)\nConfira o endereço: https://exemplo.com.br/saude?a=1&b=2\nEu continuo vigiando.',
    )
    expect(textOf(finished({ error: 'not-checked' }), bob)).toContain('because of a problem on my side')
    const insecure = finished({ ok: true, status: 200, error: null, totalMs: 80, warning: 'insecure-redirect' })
    expect(textOf(insecure)).toBe(
      '🟢 exemplo.com.br está no ar\nRespondeu 200 em 80 ms\n⚠️ O site redireciona de https para http, sem criptografia',
    )
    expect(textOf(insecure, bob)).toMatch(/⚠️ The site redirects from https to http, which is not encrypted$/)
    expect(textOf(finished({ ok: true, error: null, totalMs: 1_320 }))).toBe(
      '🟢 exemplo.com.br está no ar\nRespondeu em 1,3 s',
    )
  })
})

test('a message with a long name and URL is within the limit of Telegram', () => {
  const message = wording(
    {
      name: 'monitor.down',
      data: {
        monitorId: 1,
        incidentId: 1,
        name: 'x'.repeat(200),
        url: `https://example.org/${'y'.repeat(2000)}`,
        since: '2026-11-21T00:55:00Z',
        status: null,
        error: 'timeout',
        lastOkAt: null,
      },
    },
    bob,
    now,
  )
  expect(visibleLength(message.html)).toBeLessThan(4096)
})
