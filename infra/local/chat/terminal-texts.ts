import type { Language } from '#database/chats/language.ts'
/** The texts of the terminal client itself. */
export const terminalTexts = {
  'pt-BR': {
    welcome: 'Conversa com o Vigia. Escreva e tecle Enter; um número aperta o botão com esse número; :h ajuda; :s sai.',
    help: [
      'texto     manda uma mensagem (comece com espaço para mandar só um número)',
      '2 ou :2   aperta o botão 2',
      ':o        troca entre o Vigia e o bot da operação',
      ':h        esta ajuda',
      ':s        sai',
    ],
    tryThis: 'Experimente:',
    you: 'você',
    edited: 'editada',
    photo: 'imagem',
    noButton: (wanted: number, most: number) =>
      most === 0
        ? 'Não há botão nenhum agora.'
        : `Não há botão ${wanted}; ${most === 1 ? 'só há o botão 1' : `há os botões 1 a ${most}`}.`,
    link: 'abre no navegador:',
    nothingRuns: (port: number) =>
      `Nada responde na porta ${port}. Inicie com: npm start. Se o Vigia está em outra porta, diga qual: PORT=8090 npm run chat.`,
    starting: 'O Vigia ainda está iniciando. Tente de novo daqui a pouco.',
    realBot: 'Este Vigia usa um bot de verdade (TELEGRAM_BOT_TOKEN): converse com ele no Telegram.',
    notVigia: (port: number) =>
      `Quem responde na porta ${port} não é o Vigia. Diga a porta certa: PORT=8080 npm run chat.`,
    badPort: (port: string) => `PORT=${port} não é uma porta (1 a 65535).`,
    lost: 'Sem contato com o Vigia; tentando de novo…',
    back: 'De volta.',
    blocked: 'Você bloqueou o bot. :r reinicia a conversa.',
    listenOnly: 'Este bot só avisa, não responde. :o volta para o Vigia.',
    pane: { main: 'Vigia', operators: 'Operação' },
    failed: 'Não deu certo:',
    unread: (count: number, name: string) =>
      count === 1 ? `(1 mensagem nova em ${name}; :o mostra)` : `(${count} mensagens novas em ${name}; :o mostra)`,
    unknown: (command: string) => `${command} não é um comando; :h mostra os comandos.`,
  },
  en: {
    welcome: 'Chat with Vigia. Write and press Enter; a number presses the button with that number; :h help; :q quit.',
    help: [
      'text      sends a message (begin with a space to send just a number)',
      '2 or :2   presses button 2',
      ':o        switches between Vigia and the operators’ bot',
      ':h        this help',
      ':q        quits',
    ],
    tryThis: 'Try this:',
    you: 'you',
    edited: 'edited',
    photo: 'picture',
    noButton: (wanted: number, most: number) =>
      most === 0 ? 'There is no button at the moment.' : `There is no button ${wanted}; the last button is ${most}.`,
    link: 'opens in the browser:',
    nothingRuns: (port: number) =>
      `Nothing answers on port ${port}. Start it with: npm start. If Vigia is on another port, set it: PORT=8090 npm run chat.`,
    starting: 'Vigia is still starting. Try again in a moment.',
    realBot: 'This Vigia uses a real bot (TELEGRAM_BOT_TOKEN): talk to it in Telegram.',
    notVigia: (port: number) =>
      `The program that answers on port ${port} is not Vigia. Set the right port: PORT=8080 npm run chat.`,
    badPort: (port: string) => `PORT=${port} is not a valid port (1 to 65535).`,
    lost: 'Lost contact with Vigia; trying again…',
    back: 'Connected again.',
    blocked: 'You have blocked the bot. :r restarts the chat.',
    listenOnly: 'This bot only sends messages and does not answer. :o goes back to Vigia.',
    pane: { main: 'Vigia', operators: 'Operators' },
    failed: 'That did not work:',
    unread: (count: number, name: string) =>
      count === 1 ? `(1 new message in ${name}; :o shows it)` : `(${count} new messages in ${name}; :o shows them)`,
    unknown: (command: string) => `${command} is not a command; :h lists the commands.`,
  },
} as const

/** The language of a terminal, from its environment; English by default. */
export const terminalLanguage = (env: NodeJS.ProcessEnv): Language => {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return locale.toLowerCase().startsWith('pt') ? 'pt-BR' : 'en'
}
