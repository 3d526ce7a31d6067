import { html } from '#functions/telegram/html.ts'

/** The texts of /aviso, in Brazilian Portuguese. */
export const postsPtBR = {
  noPages: () => html`Você ainda não tem páginas de status. Crie uma com /pagina`,
  how: (slug: string, slugs: string) => html`Mande o nome da página e o texto que os visitantes vão ler:
<code>/aviso ${slug} O pagamento com cartão está lento.</code>

Suas páginas: ${slugs}`,
  tooLong: (most: number) => html`O texto de um aviso tem no máximo ${most} letras.`,
  next: (slug: string) =>
    html`Está na página, e quem acompanha foi avisado. Para continuar, toque no próximo passo ou mande <code>/aviso ${slug} outro texto</code>`,
  closed: () => html`Está na página, e quem acompanha foi avisado. O próximo aviso começa um assunto novo.`,
  gone: 'Esse aviso não existe mais.',
  tooOld: 'Este aviso já tem mais de uma hora ou está resolvido. Mande outro com /aviso',
  sameStatus: 'O aviso já está assim.',
  draft: {
    ask: (titles: string, count: number) =>
      html`📣 Publicar ${count === 1 ? 'na página' : 'nas páginas'} <b>${titles}</b>?`,
    noImpact: () => html`Nenhum serviço afetado.`,
    publish: '📣 publicar',
    discard: 'não publicar',
    template: 'usar um texto pronto',
    ownText: 'usar o meu texto',
    impact: 'mudar o impacto',
    back: '‹ voltar',
    chooseService: () => html`Qual serviço foi afetado?`,
    chooseImpact: (name: string) => html`Qual é o impacto em <b>${name}</b>?`,
    discarded: () => html`Certo, não publiquei nada.`,
    decided: { published: 'Isso já foi publicado.', discarded: 'Esse texto foi descartado.' },
    gone: 'Esse texto não pode mais ser publicado.',
  },
}
