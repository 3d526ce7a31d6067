import type { Language } from '#database/chats/language.ts'
import type { Step, StepName } from './progress.ts'

export interface Words {
  title: string
  intro: string
  failedTitle: string
  failedIntro: string
  again: string
  steps: Record<StepName, string>
  states: Record<Step['state'], string>
}

export const words: Record<Language, Words> = {
  'pt-BR': {
    title: 'O Vigia está iniciando',
    intro: 'Esta página abre sozinha o que você pediu assim que tudo estiver no ar. A primeira vez leva mais tempo.',
    failedTitle: 'O Vigia não iniciou',
    failedIntro: 'O terminal diz o mesmo, em inglês:',
    again: 'Corrija a causa, rode npm start outra vez e abra de novo esta página.',
    steps: {
      PostgreSQL: 'Banco de dados PostgreSQL',
      MongoDB: 'Catálogo de séries',
      'telegram-webhook': 'A função que conversa',
      broker: 'Entrega de eventos',
      functions: 'As outras funções (continuam depois que a conversa abre)',
    },
    states: { waiting: 'na fila', working: 'em andamento', done: 'pronto', failed: 'falhou' },
  },
  en: {
    title: 'Vigia is starting',
    intro: 'The page you asked for opens by itself as soon as it is ready. The first start takes longer.',
    failedTitle: 'Vigia did not start',
    failedIntro: 'The terminal says the same:',
    again: 'Fix the cause, run npm start again and reload this page.',
    steps: {
      PostgreSQL: 'PostgreSQL database',
      MongoDB: 'Catalogue of series',
      'telegram-webhook': 'The function that chats',
      broker: 'Delivery of events',
      functions: 'The other functions (they go on being built after the chat opens)',
    },
    states: { waiting: 'queued', working: 'in progress', done: 'done', failed: 'failed' },
  },
}
