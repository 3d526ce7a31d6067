import { afterAll, beforeAll, beforeEach } from 'vitest'
import { startWebhook, type Webhook } from './support.ts'

export let world: Webhook
export let showIds: Webhook['tvmaze']['showIds']

/** Sets up telegram-webhook for the tests of one file. Each test starts at the same instant, with a working TVmaze. */
export const useConversations = () => {
  beforeAll(async () => {
    world = await startWebhook()
    showIds = world.tvmaze.showIds
  })
  afterAll(() => world?.stop())
  beforeEach(() => {
    world.time.now = new Date('2026-11-21T15:00:00Z')
    world.tvmaze.fail(null)
  })
}

let people = 0
/** Creates a person whom no other test uses. */
export const newPerson = (language?: string) => world.person(`Pessoa ${++people}`, language)

/** The texts of a message's buttons, row by row. */
export const labels = ({ buttons }: { buttons: { text: string }[][] }) =>
  buttons.map(row => row.map(({ text }) => text))
