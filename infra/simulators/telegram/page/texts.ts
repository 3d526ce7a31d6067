import type { Language } from '#database/chats/language.ts'

interface PageTexts {
  bots: { main: string; operators: string }
  page: Record<string, string>
}

/** The texts of the chat page itself, by language. The messages in the chats come from the bots. */
export const pageTexts: Record<Language, PageTexts> = {
  'pt-BR': {
    bots: { main: 'Vigia', operators: 'Operação' },
    page: {
      title: 'Conversa com o Vigia',
      simulated: 'Um Telegram simulado, só nesta máquina. O que você escreve aqui não chega ao Telegram.',
      chats: 'Conversas',
      messages: 'Mensagens',
      tryThis: 'Experimente',
      write: 'Mensagem',
      send: 'Enviar',
      commands: 'Comandos do bot',
      noCommands: 'O bot ainda não disse quais comandos tem.',
      newer: '↓ Mensagens novas',
      restart: 'Reiniciar o bot',
      block: 'Bloquear',
      close: 'Fechar',
      you: 'Você',
      edited: 'editada',
      silent: 'sem som',
      today: 'Hoje',
      yesterday: 'Ontem',
      photo: 'Imagem',
      spoiler: 'Mostrar o texto escondido',
      inReplyTo: 'Em resposta a',
      empty: 'Nada por aqui ainda.',
      listenOnly: 'Este bot avisa a operação quando algo falha no Vigia. Ele só envia mensagens, não responde.',
      start: 'Começar',
      unread: 'novas',
      lost: 'Sem contato com o Vigia. Tentando de novo…',
      failed: 'Não deu certo:',
      next: 'o próximo é às',
      noScript: 'Esta página precisa de JavaScript.',
    },
  },
  en: {
    bots: { main: 'Vigia', operators: 'Operators' },
    page: {
      title: 'Chat with Vigia',
      simulated: 'A simulated Telegram, on this machine only. What you write here does not reach Telegram.',
      chats: 'Chats',
      messages: 'Messages',
      tryThis: 'Try this',
      write: 'Message',
      send: 'Send',
      commands: 'Bot commands',
      noCommands: 'The bot has not set its commands yet.',
      newer: '↓ New messages',
      restart: 'Restart the bot',
      block: 'Block',
      close: 'Close',
      you: 'You',
      edited: 'edited',
      silent: 'silent',
      today: 'Today',
      yesterday: 'Yesterday',
      photo: 'Picture',
      spoiler: 'Show the hidden text',
      inReplyTo: 'In reply to',
      empty: 'Nothing here yet.',
      listenOnly:
        'This bot tells the operators when something fails in Vigia. It only sends messages and does not answer.',
      start: 'Start',
      unread: 'new',
      lost: 'Lost contact with Vigia. Trying again…',
      failed: 'That did not work:',
      next: 'next at',
      noScript: 'This page needs JavaScript.',
    },
  },
}
