import { html } from '#functions/telegram/html.ts'

/** A line of a list; none for what the chat does not have. */
const many = (count: number, one: string, more: string) =>
  count === 0 ? [] : [count === 1 ? `1 ${one}` : `${count} ${more}`]

/** The texts of /exportar and /excluir, in Portuguese. */
export const personalDataPtBR = {
  /** `cut`: the tables that have more rows than an export. */
  exported: (cut: string) =>
    html`📦 Isto é ${cut === '' ? 'tudo o que guardo' : 'o que guardo'} desta conversa, em JSON e em CSV. Senhas e chaves não vão no arquivo.${
      cut !== '' && `\n\n⚠️ Há linhas demais para um arquivo só. Ficaram incompletas: ${cut}.`
    }`,
  /** What a chat has. */
  owned: (series: number, monitors: number, pages: number, imports: number, keys: number, webhooks: number) =>
    [
      ...many(series, 'série seguida', 'séries seguidas'),
      ...many(monitors, 'monitor com seu histórico', 'monitores com seu histórico'),
      ...many(pages, 'página de status', 'páginas de status'),
      ...many(imports, 'importação', 'importações'),
      ...many(keys, 'chave da API', 'chaves da API'),
      ...many(webhooks, 'webhook', 'webhooks'),
      'idioma, fuso, avisos e relatórios',
    ]
      .map(text => `• ${text}`)
      .join('\n'),
  question: (owned: string) => html`⚠️ <b>Apagar tudo desta conversa?</b>

${owned}

Não dá para desfazer. Se quiser uma cópia antes, mande /exportar.`,
  eraseNow: '🗑 apagar tudo',
  keep: 'não apagar',
  kept: () => html`Certo, nada foi apagado.`,
  erased: (owned: string) => html`🗑 Apaguei tudo desta conversa:

${owned}

Registros técnicos, como medições e erros já anotados, somem sozinhos em até 90 dias. Se escrever de novo, começamos do zero.`,
  alreadyErased: 'Já não há nada desta conversa.',
}

export type PersonalDataTexts = typeof personalDataPtBR
