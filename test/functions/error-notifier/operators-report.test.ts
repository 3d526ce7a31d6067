import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { OperatorsReport } from '#events/operators-report.ts'
import { installationReport, noticesTick } from '#functions/error-notifier/error-notifier.ts'
import { sampleEvent } from '#test/support/sample-events.ts'
import { minutes, startErrorNotifier } from './support.ts'

let fixture: Awaited<ReturnType<typeof startErrorNotifier>>
beforeAll(async () => {
  fixture = await startErrorNotifier()
})
afterAll(() => fixture.stop())
beforeEach(() => fixture.reset())

test('the daily report is one message, also if its event comes twice at once and again later', async () => {
  const event = sampleEvent(OperatorsReport)
  await Promise.all([installationReport(event, fixture.newReplica()), installationReport(event, fixture.newReplica())])
  fixture.later(minutes(90))
  await installationReport(event, fixture.newReplica())
  await noticesTick(fixture.newReplica())
  expect(fixture.received()).toEqual([
    `📋 Relatório da instalação · sáb., 21 nov
Monitores: 40 no ar, 1 fora do ar, 0 novos, 2 pausados
Verificações sem resultado, por falha nossa: 3
Atraso das verificações no fim do período (metade, 99 %, todas): 0,1 s, 0,4 s, 1,2 s
Mensagens enviadas, recusadas, esperando: 120, 1, 0
Entregas que falharam:
• 2 × telegram-notifier-message-requested #a1b2c3
Eventos: 250.000
Banco de dados: 1,2 GB (+30 MB)
• probe_slot 900 MB (+20 MB)`,
  ])
})

test('the report of the next day is another message, and is in the language of the operators', async () => {
  const event = sampleEvent(OperatorsReport)
  await installationReport(event, fixture.newReplica())
  fixture.later(minutes(24 * 60))
  const data = { ...event.data, to: '2026-11-22T11:00:00.000Z', deadLetters: [], events: null }
  await installationReport(
    { ...event, id: 'next', data },
    { ...fixture.newReplica(), textSettings: async () => ({ language: 'en', zone: 'Europe/Lisbon' }) },
  )
  expect(fixture.received()).toHaveLength(2)
  expect(fixture.received()[1]).toContain('Report of the installation · Sun, Nov 22')
  expect(fixture.received()[1]).toContain('Failed deliveries: none\nEvents: counted by the broker, see Grafana')
})
