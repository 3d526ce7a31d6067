import { describe, expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'
import { outage } from './told-outage.ts'

useConversations()

const silencedUntil = async (monitor: number) =>
  (
    await world.db.query<{ until: string | null }>('select silenced_until::text as until from monitor where id = $1', [
      monitor,
    ])
  ).rows[0]!.until
const answersTo = async (incident: number) =>
  (
    await world.db.query<{ answer: string; name: string }>(
      'select answer, person_name as name from incident_answer where incident_id = $1 order by at, answer',
      [incident],
    )
  ).rows

const startedPerson = async () => {
  const person = newPerson()
  await person.says('/start')
  return person
}

describe('the message about an outage', () => {
  test('shows who takes care of it and when, after the first press', async () => {
    const person = await startedPerson()
    const { incident, monitor, message } = await outage(person.chatId)
    const { toast, shown } = await person.presses('👀 estou cuidando', message)
    expect(toast).toBe('Anotado. Não mando mais lembretes; aviso quando voltar ao ar.')
    expect(labels(shown)).toEqual([
      [`✓ 👀 estou cuidando · ${person.name} · 12:00`],
      ['🔕 1 h', '🔕 até 8h', '🔕 até voltar'],
      ['verificar agora'],
    ])
    expect(shown.text).toMatch(/^🔴 loja\.example está fora do ar\n/)
    expect(await answersTo(incident)).toEqual([{ answer: 'acknowledge', name: person.name }])
    expect(await silencedUntil(monitor)).toBeNull()
    expect((await person.presses(/✓/, message)).toast).toBe('')
  })

  test.each([
    ['🔕 1 h', '2026-11-21 16:00:00+00', 'Silêncio até 13:00: não aviso nada deste monitor até lá.'],
    ['🔕 até 8h', '2026-11-22 11:00:00+00', 'Silêncio até 08:00: não aviso nada deste monitor até lá.'],
    ['🔕 até voltar', 'infinity', 'Silêncio até voltar: só aviso quando voltar ao ar.'],
  ])('%s silences the monitor until %s', async (button, until, words) => {
    const person = await startedPerson()
    const { monitor, message } = await outage(person.chatId)
    const { toast, shown } = await person.presses(button, message)
    expect(toast).toBe(words)
    expect(labels(shown)[1]).toEqual([`✓ ${button} · ${person.name} · 12:00`])
    expect(labels(shown)[2]).toHaveLength(2)
    expect(new Date((await silencedUntil(monitor))!.replace('infinity', '2999-01-01'))).toEqual(
      new Date(until.replace('infinity', '2999-01-01')),
    )
  })

  test('at five in the morning, the silence until 08:00 ends three hours later', async () => {
    const person = await startedPerson()
    const { monitor, message } = await outage(person.chatId)
    world.time.now = new Date('2026-11-22T08:00:00Z')
    await person.presses('🔕 até 8h', message)
    expect(new Date((await silencedUntil(monitor))!)).toEqual(new Date('2026-11-22T11:00:00Z'))
  })

  test('counts the first of two people who press the same button, and tells the second', async () => {
    const [ana, bia] = [world.telegram.user('Ana'), world.telegram.user('Bia')]
    const group = world.telegram.group('Plantão')
    group.addBot(ana)
    await world.settled()
    const { incident, message } = await outage(group.chatId)
    const [first, second] = [group.as(ana), group.as(bia)].map(seat => seat.press('👀 estou cuidando', { message }))
    await world.settled()
    expect(await answersTo(incident)).toHaveLength(1)
    const { name } = (await answersTo(incident))[0]!
    const toasts = [first!.answer()?.text, second!.answer()?.text]
    expect(toasts.filter(text => text?.startsWith('Anotado.'))).toHaveLength(1)
    expect(toasts.filter(text => text === `${name} já apertou este botão às 12:00.`)).toHaveLength(1)
  })

  test('cannot be answered from another chat with a forged button', async () => {
    const owner = await startedPerson()
    const { incident, monitor, message } = await outage(owner.chatId)
    const stranger = await startedPerson()
    for (const answer of ['acknowledge', 'hour', 'morning', 'recovery'])
      expect((await stranger.forges(message, `v1:k:${incident}:${answer}`)).toast).toBe('Esse monitor não existe mais.')
    expect((await stranger.forges(message, `v1:k:${incident}:forever`)).toast).toMatch(/^Esse botão não vale mais/)
    expect(await answersTo(incident)).toEqual([])
    expect(await silencedUntil(monitor)).toBeNull()
  })

  test('can no longer be answered when the chat knows that the outage is over', async () => {
    const person = await startedPerson()
    const { incident, monitor, message } = await outage(person.chatId)
    await world.db.query(`update monitor set state = 'up', told_state = 'up' where id = $1`, [monitor])
    const { toast, shown } = await person.presses('🔕 1 h', message)
    expect(toast).toBe('Essa queda já acabou.')
    expect(labels(shown)).toEqual([['verificar agora']])
    expect(await answersTo(incident)).toEqual([])
  })
})
