import { type Html, html, joined } from '#functions/telegram/html.ts'

const series = (count: number) => (count === 1 ? '1 série' : `${count} séries`)
const episodes = (count: number) => (count === 1 ? '1 episódio visto' : `${count} episódios vistos`)

/** The texts about a file with series, in Portuguese. */
export const importsPtBR = {
  reading: (file: string) => html`📥 Estou lendo <b>${file}</b>…`,
  progress: (done: number, all: number) => html`📥 Encontrei ${series(all)} no arquivo.
Procurando no TVmaze: <b>${done} de ${all}</b>

Pode usar o bot enquanto isso. Aviso aqui quando terminar.`,
  waiting: (done: number, all: number) => html`📥 Procurando no TVmaze: <b>${done} de ${all}</b>

O TVmaze não está respondendo. Continuo sozinho daqui a pouco; não precisa mandar o arquivo de novo.`,
  review: (file: string) => html`📋 <b>${file}</b>`,
  found: (count: number) => (count === 1 ? html`✅ 1 série encontrada` : html`✅ ${count} séries encontradas`),
  watched: (count: number) => html`👁 ${episodes(count)} no arquivo`,
  archived: (count: number) =>
    count === 1 ? html`🗄 1 arquivada, que fica de fora` : html`🗄 ${count} arquivadas, que ficam de fora`,
  unsure: (count: number) =>
    count === 1 ? html`❓ 1 com mais de uma possibilidade` : html`❓ ${count} com mais de uma possibilidade`,
  unknown: (count: number, titles: string, more: number) =>
    html`🚫 ${count} que o TVmaze não tem: ${titles}${more > 0 && ` e mais ${more}`}`,
  nothingYet: () => html`Nada foi mudado ainda.`,
  nothingFound: () => html`Não há nenhuma série para seguir.`,
  check: (count: number) => (count === 1 ? '❓ escolher 1' : `❓ escolher ${count}`),
  apply: (count: number) => (count === 1 ? '✅ seguir 1 série' : `✅ seguir ${count} séries`),
  cancel: 'cancelar',
  question: (title: string, year: number | null, left: number) => html`Qual é <b>${title}</b>${
    year !== null && ` (${year})`
  }?

${left === 1 ? 'É a última.' : `Faltam ${left}.`}`,
  choice: (name: string, year: string | null, channel: string | null) =>
    [name, year === null ? null : `(${year})`, channel === null ? null : `· ${channel}`].filter(Boolean).join(' '),
  noneOfThem: 'nenhuma dessas',
  back: '« voltar',
  done: (
    { added, already, full, episodes: seen }: { added: number; already: number; full: number; episodes: number },
    limit: number,
  ): Html =>
    joined([
      added === 0 ? html`Nenhuma série nova.` : html`🎉 Pronto! Agora você segue mais <b>${series(added)}</b>.`,
      already > 0 && (already === 1 ? '1 você já seguia.' : `${already} você já seguia.`),
      seen > 0 && (seen === 1 ? '👁 Marquei 1 episódio como visto.' : `👁 Marquei ${seen} episódios como vistos.`),
      full > 0 &&
        `⚠️ ${full === 1 ? '1 não coube' : `${full} não couberam`}: o limite é de ${limit} séries por conversa.`,
      added > 0 &&
        '\nOs próximos episódios aparecem em /proximos nos próximos minutos, conforme eu os busco no TVmaze.',
    ]),
  undo: '↩️ desfazer',
  undone: ({ series: removed, episodes: seen }: { series: number; episodes: number }) =>
    html`↩️ Desfeito: ${series(removed)} a menos${seen > 0 && `, e ${seen === 1 ? '1 episódio' : `${seen} episódios`} de novo por ver`}. O que já estava aqui antes continua.`,
  cancelled: () => html`Importação cancelada. Nada foi mudado.`,
  tooOld: 'Essa importação já terminou ou foi cancelada.',
  tooManyOpen: (max: number) =>
    html`Ainda estou lendo ${max} arquivos desta conversa. Espere um deles terminar e mande este de novo.`,
  refused: {
    fileTooBig: () =>
      html`O arquivo tem mais de 20 MB, e o Telegram não me deixa baixar tanto. Se for um ZIP, abra-o e mande só <code>followed_tv_show.csv</code> e <code>tracking-prod-records-v2.csv</code>.`,
    unreadable: () => html`Não consegui baixar o arquivo do Telegram. Mande-o de novo, por favor.`,
    ourFault: () =>
      html`Não consegui terminar de ler o arquivo: deu um erro meu em todas as tentativas, e já avisei quem cuida do Vigia. Mande-o de novo daqui a algumas horas ou, se for um ZIP, mande só os arquivos CSV de dentro dele.`,
    unknownFile: () =>
      html`Não sei ler esse tipo de arquivo. Aceito o ZIP do TV Time, do Trakt ou do Simkl, um CSV ou JSON de um deles, do SeriesGuide ou do IMDb, ou um texto com um nome de série por linha.`,
    encrypted: () =>
      html`Esse ZIP tem senha. Abra-o no computador ou no celular e mande os arquivos CSV que estão dentro.`,
    brokenZip: () => html`Esse ZIP está incompleto ou estragado. Baixe-o de novo e mande outra vez.`,
    unsafeNames: () =>
      html`Esse ZIP tem arquivos com caminhos que apontam para fora dele. Nenhum programa de séries faz isso, então não o li.`,
    zipInZip: () => html`Há um ZIP dentro desse ZIP. Abra-o e mande só o de dentro.`,
    inflatesTooMuch: () =>
      html`Descompactado, esse arquivo fica grande demais para uma lista de séries, então parei de ler.`,
    tooManyRows: () => html`Esse arquivo tem linhas demais (o limite é de 400 mil), então parei de ler.`,
    hugeCell: () => html`Há um campo enorme nesse CSV. Talvez falte uma aspa de fechamento.`,
    brokenJson: () => html`Esse JSON está incompleto ou estragado. Exporte de novo e mande outra vez.`,
    wrongEncoding: () =>
      html`As letras desse arquivo não estão em UTF-8, e os nomes sairiam errados. Salve-o como “CSV UTF-8” e mande de novo.`,
    noSeries: () =>
      html`Não encontrei nenhuma série nesse arquivo. Aceito o ZIP do TV Time, do Trakt ou do Simkl, um CSV ou JSON de um deles, do SeriesGuide ou do IMDb, ou um texto com um nome por linha.`,
    tooManySeries: () => html`Esse arquivo tem mais de 2.000 séries. Divida-o e mande uma parte de cada vez.`,
  },
  nothingChanged: () => html`Nada foi mudado.`,
}

export type ImportTexts = typeof importsPtBR
