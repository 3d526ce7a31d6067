import { expect, test } from 'vitest'
import { reportsIn } from '#database/reports/reports.ts'
import { whitePng } from '#test/support/white-png.ts'
import { person } from './chats.ts'
import { notify, request } from './requests.ts'
import { database, simulator, useNotifier } from './support.ts'

/*
 * Reports have a stored picture. The event has only the id of the picture, and the notifier uploads the bytes.
 */

useNotifier()

const png = whitePng(40, 30)
const storedPicture = async (chatId: number, picture: Buffer | null = png) =>
  (await reportsIn(database.db).keep(`report of ${chatId}`, chatId, { html: 'x', picture }, new Date())).id

test('the stored picture is uploaded with the caption and the buttons of the message, and is sent without a sound', async () => {
  const ana = await person()
  const reportPicture = await storedPicture(ana.chatId)
  const buttons = [[{ text: 'Ver', data: 'v1:m:0' }]]
  await notify(request(ana.chatId, { html: '<b>99,98%</b> no ar & "mais"', reportPicture, buttons, silent: true }))
  const shown = ana.last()!
  expect(shown).toMatchObject({
    text: '99,98% no ar & "mais"',
    silent: true,
    photoSize: { width: 40, height: 30 },
    buttons: [[{ text: 'Ver' }]],
  })
  expect(shown.entities).toMatchObject([{ type: 'bold' }])
  expect(ana.picture(shown.id)).toEqual(png)
})

test('a report is sent once if its event comes twice', async () => {
  const ana = await person()
  const event = request(ana.chatId, { reportPicture: await storedPicture(ana.chatId) })
  await Promise.all([notify(event), notify(event)])
  await notify(event)
  expect(simulator.calls('sendPhoto')).toHaveLength(1)
})

test.each([
  ['is not stored any more', null],
  ['is refused by Telegram', Buffer.from('not an image')],
])('a report whose picture %s is sent as text', async (_, picture) => {
  const ana = await person()
  const reportPicture = await storedPicture(ana.chatId, picture)
  expect(await notify(request(ana.chatId, { html: 'só texto', reportPicture }))).toEqual([])
  expect(ana.last()).toMatchObject({ text: 'só texto', photo: null })
})

test('a report that Telegram answered with 502 is sent again with its picture', async () => {
  const ana = await person()
  const reportPicture = await storedPicture(ana.chatId)
  simulator.failNext('sendPhoto', { status: 502 })
  await notify(request(ana.chatId, { reportPicture }))
  expect(ana.answers().filter(({ photo }) => photo !== null)).toHaveLength(1)
})
