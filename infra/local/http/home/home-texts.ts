import type { Language } from '#database/chats/language.ts'
import type { FunctionState } from '#local/activator/function-pool.ts'

export interface HomeTexts {
  intro: string
  up: string
  /** Followed by the names of what is not up. */
  waitingFor: string
  chat: { title: string; text: string }
  sites: { title: string; text: string }
  bot: { title: string; text: string }
  apiHeading: string
  api: Record<'/api/functions' | '/api/events' | '/api/dead-letters' | '/api/sources' | '/metrics' | '/readyz', string>
  functions: string
  functionsIntro: string
  columns: { name: string; state: string; processes: string; starts: string; nextTick: string }
  states: Record<FunctionState, string>
  noTick: string
  data: string
}

export const homeTexts: Record<Language, HomeTexts> = {
  'pt-BR': {
    intro: 'Avisa no Telegram quando sai um episódio e quando um serviço cai.',
    up: 'Tudo nesta máquina está no ar.',
    waitingFor: 'Ainda não está no ar:',
    chat: {
      title: 'Conversar com o bot',
      text: 'Diga o nome de uma série, ou /monitorar e um endereço. O Telegram aqui é simulado.',
    },
    sites: { title: 'Sites para vigiar', text: 'Um deles tem um interruptor: desligue e veja o aviso chegar.' },
    bot: { title: 'Telegram de verdade', text: 'O bot de TELEGRAM_BOT_TOKEN responde no Telegram.' },
    apiHeading: 'API local',
    api: {
      '/api/functions': 'as funções e seus processos',
      '/api/events': 'os últimos eventos',
      '/api/dead-letters': 'eventos que não puderam ser entregues',
      '/api/sources': 'os agendamentos que iniciam funções',
      '/metrics': 'métricas para o Prometheus',
      '/readyz': 'se está tudo no ar',
    },
    functions: 'Funções',
    functionsIntro: 'Uma função sem trabalho não tem processo. O próximo pedido inicia um.',
    columns: {
      name: 'função',
      state: 'estado',
      processes: 'processos',
      starts: 'inícios a frio',
      nextTick: 'próximo disparo (UTC)',
    },
    states: {
      zero: 'sem processo',
      starting: 'iniciando',
      ready: 'pronta',
      draining: 'encerrando',
      crashed: 'com falha',
    },
    noTick: '–',
    data: 'Os dados ficam em',
  },
  en: {
    intro: 'Tells people on Telegram when an episode comes out and when a service goes down.',
    up: 'Everything on this machine is up.',
    waitingFor: 'Not up yet:',
    chat: {
      title: 'Chat with the bot',
      text: 'Send the name of a series, or /monitor and an address. Telegram is simulated here.',
    },
    sites: { title: 'Sites to watch', text: 'One of them has a switch: turn it off and see the message arrive.' },
    bot: { title: 'The real Telegram', text: 'The bot of TELEGRAM_BOT_TOKEN answers on Telegram.' },
    apiHeading: 'Local API',
    api: {
      '/api/functions': 'the functions and their processes',
      '/api/events': 'the newest events',
      '/api/dead-letters': 'events that could not be delivered',
      '/api/sources': 'the schedules that start functions',
      '/metrics': 'metrics for Prometheus',
      '/readyz': 'whether everything is up',
    },
    functions: 'Functions',
    functionsIntro: 'A function without work has no process. The next request starts one.',
    columns: {
      name: 'function',
      state: 'state',
      processes: 'processes',
      starts: 'cold starts',
      nextTick: 'next tick (UTC)',
    },
    states: { zero: 'no process', starting: 'starting', ready: 'ready', draining: 'draining', crashed: 'crashed' },
    noTick: '–',
    data: 'The data is in',
  },
}
