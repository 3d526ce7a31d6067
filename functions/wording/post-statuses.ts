import type { Language } from '#database/chats/language.ts'
import type { PostStatus } from '#database/pages/posts.ts'

/** The names of the statuses of a post, with a sign for chats. */
const statuses: Record<PostStatus, { sign: string } & Record<Language, string>> = {
  investigating: { sign: '🔎', 'pt-BR': 'Investigando', en: 'Investigating' },
  identified: { sign: '🛠', 'pt-BR': 'Causa identificada', en: 'Identified' },
  monitoring: { sign: '👀', 'pt-BR': 'Acompanhando', en: 'Monitoring' },
  resolved: { sign: '✅', 'pt-BR': 'Resolvido', en: 'Resolved' },
}

export const sayPostStatus = (status: PostStatus, language: Language): string => statuses[status][language]

export const postSign = (status: PostStatus): string => statuses[status].sign

/** The texts of posts that are made by a button. */
const templates: Record<PostStatus, Record<Language, string>> = {
  investigating: { 'pt-BR': 'Estamos investigando o problema.', en: 'We are investigating the problem.' },
  identified: {
    'pt-BR': 'Encontramos a causa e estamos trabalhando na correção.',
    en: 'We have found the cause and are working on a fix.',
  },
  monitoring: {
    'pt-BR': 'Aplicamos a correção e estamos acompanhando o resultado.',
    en: 'We have applied a fix and are watching the result.',
  },
  resolved: { 'pt-BR': 'O problema foi resolvido.', en: 'The problem is resolved.' },
}

export const postTemplate = (status: PostStatus, language: Language): string => templates[status][language]
