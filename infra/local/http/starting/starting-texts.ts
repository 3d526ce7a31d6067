import type { Language } from '#database/chats/language.ts'
import type { Step, StepName } from './progress.ts'

export interface StartingTexts {
  title: string
  intro: string
  failedTitle: string
  failedIntro: string
  nextStep: string
  steps: Record<StepName, string>
  states: Record<Step['state'], string>
}

export const startingTexts: Record<Language, StartingTexts> = {
  'pt-BR': {
    title: 'O Vigia está iniciando',
    intro: 'Esta página abre sozinha o que você pediu assim que tudo estiver no ar. A primeira vez leva mais tempo.',
    failedTitle: 'O Vigia não iniciou',
    failedIntro: 'O terminal diz o mesmo, em inglês:',
    nextStep: 'Corrija a causa, rode npm start outra vez e abra de novo esta página.',
    steps: {
      PostgreSQL: 'Banco de dados PostgreSQL',
      MongoDB: 'Catálogo de séries',
      'telegram-webhook': 'A função que conversa',
      broker: 'Entrega de eventos',
      functions: 'As outras funções (a preparação continua depois que a conversa abre)',
    },
    states: { waiting: 'na fila', working: 'em andamento', done: 'pronto', failed: 'falhou' },
  },
  en: {
    title: 'Vigia is starting',
    intro: 'The page you asked for opens by itself as soon as it is ready. The first start takes longer.',
    failedTitle: 'Vigia did not start',
    failedIntro: 'The terminal says the same:',
    nextStep: 'Fix the cause, run npm start again and reload this page.',
    steps: {
      PostgreSQL: 'PostgreSQL database',
      MongoDB: 'Catalogue of series',
      'telegram-webhook': 'The function that chats',
      broker: 'Delivery of events',
      functions: 'The other functions (their build continues after the chat opens)',
    },
    states: { waiting: 'queued', working: 'in progress', done: 'done', failed: 'failed' },
  },
}
