import type { Language } from '#database/chats/language.ts'
import type { SiteBehaviour } from './behaviour.ts'

interface SwitchPageTexts {
  title: string
  intro: string
  up: string
  down: string
  turnOn: string
  turnOff: string
  lost: string
  /** Describes a site that redirects without end. */
  loop: string
  kinds: Record<SiteBehaviour['kind'], string>
}

export const switchPageTexts: Record<Language, SwitchPageTexts> = {
  'pt-BR': {
    title: 'Sites de teste',
    intro:
      'Peça ao bot para vigiar um destes endereços (por exemplo <code>/monitorar</code> e o endereço de <code>/shop</code>), depois tire o site do ar aqui e veja o aviso chegar.',
    up: 'no ar',
    down: 'fora do ar',
    turnOn: 'Colocar no ar',
    turnOff: 'Tirar do ar',
    lost: 'Sem contato com o Vigia. Tentando de novo…',
    loop: 'redireciona de um endereço para outro, sem fim',
    kinds: {
      ok: 'responde sempre bem',
      status: 'responde sempre com erro',
      slow: 'responde bem, mas devagar',
      flapping: 'fica três minutos no ar e três fora do ar',
      switch: 'você decide',
      hanging: 'aceita a conexão e nunca responde',
      reset: 'corta a conexão',
      redirect: 'redireciona para outro endereço',
      redirects: 'redireciona de um endereço para outro',
      endless: 'responde sem nunca terminar',
      bomb: 'responde com um arquivo que fica enorme ao ser descompactado',
      'slow-headers': 'manda um cabeçalho por segundo, para sempre',
    },
  },
  en: {
    title: 'Test sites',
    intro:
      'Ask the bot to watch one of these addresses (for example <code>/monitor</code> and the address of <code>/shop</code>), then take the site down here and see the message arrive.',
    up: 'up',
    down: 'down',
    turnOn: 'Bring it up',
    turnOff: 'Take it down',
    lost: 'Lost contact with Vigia. Trying again…',
    loop: 'redirects from one address to the next, forever',
    kinds: {
      ok: 'always answers well',
      status: 'always answers with an error',
      slow: 'answers well, but slowly',
      flapping: 'is up for three minutes, then down for three',
      switch: 'you decide',
      hanging: 'accepts the connection and never answers',
      reset: 'cuts the connection',
      redirect: 'redirects to another address',
      redirects: 'redirects from one address to the next',
      endless: 'answers without ever finishing',
      bomb: 'answers with a small file that becomes huge when unpacked',
      'slow-headers': 'sends one header a second, forever',
    },
  },
}
