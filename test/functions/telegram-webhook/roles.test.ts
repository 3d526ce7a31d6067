import { describe, expect, test } from 'vitest'
import type { GroupOptions, SimulatedGroup } from '#simulators/telegram/group.ts'
import { useConversations, world } from './conversations.ts'

useConversations()

let groups = 0
/** A group with an administrator, a member and one monitor. */
const newGroup = async (options: GroupOptions = {}) => {
  const [ana, davi] = [world.telegram.user('Ana'), world.telegram.user('Davi')]
  const group = world.telegram.group(`Plantão ${++groups}`, options)
  group.addBot(ana)
  await world.settled()
  const [administrator, member] = [seatOf(group, ana, 'administrator'), seatOf(group, davi, 'member')]
  expect((await administrator.says('/monitorar loja.example')).text).toMatch(/^Pronto!/)
  return { group, ana, davi, administrator, member }
}

type User = ReturnType<typeof world.telegram.user>

const seatOf = (group: SimulatedGroup, user: User, role: 'administrator' | 'member') => {
  const seat = group.as(user, role)
  return {
    ...seat,
    says: async (text: string, replyTo?: number) => {
      seat.send(text, replyTo === undefined ? {} : { replyTo })
      await world.settled()
      return seat.answers().at(-1)!
    },
    presses: async (button: string | RegExp) => {
      const press = seat.press(button)
      await world.settled()
      return { answer: press.answer(), shown: seat.answers().at(-1)! }
    },
  }
}

const onlyAdministrators = 'Só quem administra o grupo pode mudar os monitores.'

describe('in a group', () => {
  test('a member looks at the monitors and requests a check, and only an administrator changes them', async () => {
    const { group, member, administrator } = await newGroup()
    expect((await member.says('/monitores')).text).toContain('loja.example')
    await member.presses(/loja\.example/)
    world.time.now = new Date(world.time.now.getTime() + 60_000)
    expect((await member.presses('verificar agora')).answer?.text).toMatch(/^Verificando/)
    for (const button of ['pausar', 'excluir', 'configurar', 'renomear', '🔕 silenciar', '🛠 manutenção'])
      expect((await member.presses(button)).answer, button).toEqual({ text: onlyAdministrators, alert: true })
    expect((await member.says('/monitorar outra.example')).text).toContain(onlyAdministrators)
    expect((await member.says('/monitorar')).text).toContain(onlyAdministrators)
    expect((await member.says('@VigiaBot vigia outra.example')).text).toContain(onlyAdministrators)
    expect(await world.deps.monitors.of(group.chatId)).toMatchObject([{ name: 'loja.example', pausedAt: null }])
    expect((await administrator.presses('pausar')).answer?.text).toMatch(/^Pausado/)
  })

  test('only an administrator changes when the group is told about episodes', async () => {
    const { group, member, administrator } = await newGroup()
    const refused = 'Só quem administra o grupo pode mudar os avisos.'
    expect((await member.says('/config 1 dia antes')).text).toContain(refused)
    expect((await member.says('/silencio 23h às 8h')).text).toContain(refused)
    expect((await member.presses('resumo diário')).answer).toEqual({ text: refused, alert: true })
    expect(await world.deps.noticeSettings.of(group.chatId)).toMatchObject({ timing: 'air', quiet: null })
    expect((await administrator.says('/config 1 dia antes')).text).toContain('Aviso 1 dia antes')
  })

  test('only an administrator changes the language, the zone and the reports, also with a forged button', async () => {
    const { group, member, administrator } = await newGroup()
    const refused = 'Só quem administra o grupo pode mudar isso.'
    for (const command of ['/idioma en', '/fuso Lisboa', '/relatorio diário 8h'])
      expect((await member.says(command)).text, command).toBe(refused)
    await member.says('/idioma')
    expect((await member.presses('English')).answer).toEqual({ text: refused, alert: true })
    expect(await world.deps.chats.find(group.chatId)).toMatchObject({ language: 'pt-BR', zone: 'America/Sao_Paulo' })
    expect(await world.deps.reportSettings.of(group.chatId)).toMatchObject({ frequency: 'none' })
    expect((await administrator.presses('English')).shown.text).toMatch(/English/)
  })

  test('an administrator lets everybody change settings and monitors, and takes it back', async () => {
    const { group, davi, member, administrator } = await newGroup()
    const refused = { text: 'Só quem administra o grupo pode mudar isso.', alert: true }
    expect((await member.says('/config')).text).toContain('só quem administra muda os ajustes')
    expect((await member.presses('👥 todo mundo pode mudar')).answer).toEqual(refused)
    expect((await administrator.presses('👥 todo mundo pode mudar')).shown.text).toContain('todo mundo pode mudar')
    expect((await member.says('/config 1 dia antes')).text).toContain('Aviso 1 dia antes')
    expect((await member.says('/monitorar outra.example')).text).toMatch(/^Pronto!/)
    await administrator.says('/monitores')
    // Deleting everything, and who may change things, is left to administrators.
    expect((await member.says('/excluir')).text).toBe(refused.text)
    await member.says('/config')
    expect((await member.presses('👥 só administradores mudam')).answer).toEqual(refused)
    // Who has left a public group still sees its buttons.
    group.as(davi, 'left')
    expect((await member.presses('1 h antes')).answer?.text).toMatch(/^Só quem administra/)
    group.as(davi, 'member')
    expect((await administrator.presses('👥 só administradores mudam')).shown.text).toContain('só quem administra')
    expect((await member.says('/config na hora')).text).toContain('Só quem administra o grupo')
  })

  test('two members who press the same button at once add one follow, and each is answered', async () => {
    const { group, member, davi } = await newGroup()
    const other = group.as(world.telegram.user('Bia'))
    const card = await member.says('/buscar harbor nine')
    const presses = [group.as(davi), other].map(seat => seat.press('seguir', { message: card.id }))
    await world.settled()
    expect(presses.map(press => press.answer()?.text).toSorted()).toEqual([
      expect.stringMatching(/^Pronto!/),
      expect.stringMatching(/já segue/),
    ])
    expect(await world.deps.follows.of(group.chatId, 'show/')).toHaveLength(1)
  })

  test('a member may still follow series and use the bot in a private chat', async () => {
    const { member, davi } = await newGroup()
    await member.says('/buscar harbor nine')
    expect((await member.presses('seguir')).answer?.text).toMatch(/^Pronto!/)
    davi.send('/monitorar minha.example')
    await world.settled()
    expect(davi.answers().at(-1)!.text).toMatch(/^Pronto!/)
  })

  test('the answer of Telegram is used for a minute, and a new administrator may change monitors after that', async () => {
    const { group, davi, member } = await newGroup()
    await member.says('/monitorar a.example')
    const calls = () => world.telegram.calls('getChatMember').length
    const before = calls()
    group.as(davi, 'administrator')
    expect((await member.says('/monitorar a.example')).text).toContain(onlyAdministrators)
    expect(calls()).toBe(before)
    world.time.now = new Date(world.time.now.getTime() + 61_000)
    expect((await member.says('/monitorar a.example')).text).toMatch(/^Pronto!/)
    expect(calls()).toBe(before + 1)
  })

  test('that hides its members, the bot finds the administrators in their list', async () => {
    const { member } = await newGroup({ supergroup: true, hidesMembers: true })
    expect((await member.says('/monitorar outra.example')).text).toContain(onlyAdministrators)
  })

  test('an anonymous administrator changes the monitors, and a channel that writes there does not', async () => {
    const { group, administrator } = await newGroup({ supergroup: true })
    let id = 880_000_000 + groups * 10
    const writeAs = async (senderChat: number) => {
      await world.post({
        update_id: ++id,
        message: {
          message_id: 9_000,
          date: 1_763_700_000,
          from: { id: 1_087_968_824, is_bot: true, first_name: 'Group' },
          sender_chat: { id: senderChat, type: 'supergroup', title: 'x' },
          chat: { id: group.chatId, type: 'supergroup', title: 'x' },
          text: '/monitorar anonimo.example',
          entities: [{ type: 'bot_command', offset: 0, length: 10 }],
        },
      })
      return administrator.answers().at(-1)!.text
    }
    expect(await writeAs(-1_009_999_999_999)).toContain(onlyAdministrators)
    expect(await writeAs(group.chatId)).toMatch(/^Pronto!/)
  })

  test('the wizard takes replies to its messages, and only of the person who began it', async () => {
    const { group, ana, administrator } = await newGroup()
    const other = seatOf(group, world.telegram.user('Bia'), 'administrator')
    const start = await administrator.says('/monitorar')
    expect(start.text).toContain('Responda a esta mensagem.')
    const count = administrator.answers().length
    await administrator.says('isto é uma conversa do grupo')
    await other.says('outra.example', start.id)
    expect(administrator.answers()).toHaveLength(count)
    expect((await other.presses('🌐 site')).answer).toEqual({
      text: 'Só quem começou esta configuração pode continuar. Comece a sua com /monitorar.',
      alert: true,
    })
    const review = await administrator.says('certa.example 1m', start.id)
    expect(review.text).toContain('https://certa.example/')
    group.as(ana, 'member')
    world.time.now = new Date(world.time.now.getTime() + 61_000)
    expect((await administrator.presses('✅ criar monitor')).answer?.text).toBe(onlyAdministrators)
    expect(await world.deps.monitors.of(group.chatId)).toHaveLength(1)
  })

  test('that became a supergroup, the role is asked for in the supergroup', async () => {
    const { group, davi, ana } = await newGroup()
    const bigger = world.telegram.group('Maior', { supergroup: true })
    bigger.addBot(ana)
    bigger.as(davi, 'administrator')
    world.telegram.failNext('getChatMember', {
      status: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      migrateTo: bigger.chatId,
    })
    const seat = group.as(davi)
    seat.send('/monitorar nova.example')
    await world.settled()
    expect(seat.answers().at(-1)!.text).toMatch(/^Pronto!/)
  })

  test('while Telegram does not tell the role, nothing changes and the update comes again', async () => {
    const { group, davi } = await newGroup()
    const seat = group.as(davi, 'administrator')
    world.telegram.failNext('getChatMember', { status: 502 })
    seat.send('/monitorar depois.example')
    await world.settled()
    expect(seat.answers().at(-1)!.text).toMatch(/^Pronto!/)
  })
})
