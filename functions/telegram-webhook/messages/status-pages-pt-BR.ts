import { html } from '#functions/telegram/html.ts'

/** The texts of /pagina, in Brazilian Portuguese. */
export const statusPagesPtBR = {
  none: () =>
    html`Você ainda não tem páginas de status. Uma página mostra a quem você quiser como estão seus monitores.`,
  title: (count: number) => html`<b>${count === 1 ? '1 página de status' : `${count} páginas de status`}</b>`,
  how: () => html`Para criar uma, mande o título: <code>/pagina Loja da Ana</code>
Ela começa secreta: só quem tem o endereço consegue ver.`,
  create: 'criar página',
  listed: { public: '🌐 pública', link: '🔒 secreta', members: '👥 só membros' },
  access: {
    public: () => html`🌐 Pública: qualquer pessoa pode ver.`,
    link: () => html`🔒 Secreta: só quem tem este endereço consegue ver.`,
    members: () => html`👥 Só membros: quem está neste chat abre a página com um link que eu dou na hora.`,
  },
  makeAccess: { public: '🌐 tornar pública', link: '🔒 tornar secreta', members: '👥 só membros' },
  open: '👥 abrir a página',
  openNow: (title: string) => `abrir ${title}`,
  newLink: 'novo link',
  linkExpires: () =>
    html`Este link é só seu e vale por 10 minutos. Aberta, a página fica disponível nesse navegador por 12 horas.`,
  notForYou: () => html`Essa página não existe, ou você não está no chat dela.`,
  logo: { first: '🖼 logotipo', other: '🖼 trocar o logotipo' },
  noLogo: '🖼 tirar o logotipo',
  askLogo: (
    title: string,
  ) => html`Mande agora a imagem do logotipo de <b>${title}</b>, como foto ou como arquivo. Em grupos, responda a esta mensagem.
Serve PNG, JPEG ou WebP de até 1 MB e 2.000 pixels de lado. Um arquivo PNG mantém o fundo transparente.`,
  logoRefused: {
    none: () =>
      html`Este arquivo não é uma imagem PNG, JPEG ou WebP inteira, então a página ficou como estava. Mande outra imagem.`,
    svg: () =>
      html`SVG não serve como logotipo, porque pode conter programas. Mande a imagem como PNG, JPEG ou WebP. A página ficou como estava.`,
    bytes: () => html`A imagem tem mais de 1 MB. Mande uma menor. A página ficou como estava.`,
    pixels: () => html`A imagem tem mais de 2.000 pixels de lado. Mande uma menor. A página ficou como estava.`,
    gone: () => html`Essa página não existe mais.`,
  },
  domain: '🔗 domínio próprio',
  noDomain: '🔗 tirar o domínio',
  howDomain: (slug: string) => html`Para mostrar a página em um endereço seu, mande o nome do domínio:
<code>/pagina ${slug} @ status.exemplo.com.br</code>
A página precisa ser pública ou só para membros.`,
  dnsRecord: (domain: string, target: string | null) =>
    html`🔗 Domínio próprio. Crie este registro no DNS${
      target === null
        ? html`, com o endereço que quem administra este Vigia indicar: <code>${domain} CNAME …</code>`
        : html`: <code>${domain} CNAME ${target}</code>
Na raiz de um domínio, use ALIAS ou ANAME no lugar de CNAME`
    }. Quem administra este Vigia também precisa liberar o domínio, para ele ter um certificado.`,
  domainForm: (asked: string) =>
    html`“${asked}” não é um domínio. Mande só o nome, por exemplo <code>status.exemplo.com.br</code>.`,
  domainOwn: (asked: string) => html`“${asked}” é um endereço do próprio Vigia. Escolha outro domínio.`,
  domainTaken: (domain: string) =>
    `Outra página já usa o domínio ${domain}, e um domínio mostra uma página só. Se o domínio é seu, fale com quem administra este Vigia.`,
  noSecretDomain: 'Uma página secreta não pode ter domínio próprio, porque domínios são fáceis de descobrir.',
  language: (name: string) => html`Idioma, se o navegador não pedir outro: ${name}`,
  languages: { 'pt-BR': 'português', en: 'inglês' },
  otherLanguage: { 'pt-BR': '🌐 English', en: '🌐 Português' },
  monitors: (count: number, names: string) =>
    count === 0 ? html`Nenhum monitor na página ainda.` : html`Monitores (${count}): ${names}`,
  rename: (slug: string) => html`Para mudar o título: <code>/pagina ${slug} Novo título</code>
Para mudar o nome no endereço: <code>/pagina ${slug} = novo-nome</code>`,
  urlUnknown: () =>
    html`Falta o começo do endereço, porque quem administra este Vigia ainda não definiu PAGES_URL. Peça o endereço a essa pessoa.`,
  copyUrl: 'copiar endereço',
  choose: '☑️ monitores e ordem',
  chooseMonitors: () =>
    html`Toque em um monitor para mostrar ou esconder na página. A seta ⤴ leva o monitor ao começo.`,
  noMonitors: () => html`Este chat ainda não tem monitores. Comece com /monitorar`,
  all: '« páginas',
  back: '« página',
  delete: '🗑 excluir',
  askDelete: (title: string) => html`Excluir a página <b>${title}</b>? O endereço dela deixa de funcionar.`,
  deleteNow: 'excluir a página',
  keep: 'manter',
  deleted: (title: string) => html`Página <b>${title}</b> excluída. Os monitores continuam.`,
  gone: 'Essa página não existe mais.',
  fromFile: 'Essa página vem do vigia.yaml. Mude o arquivo.',
  tooMany: (most: number) => html`Este chat já tem ${most} páginas, que é o máximo. Exclua uma para criar outra.`,
  titleRefused: (most: number) => html`O título tem de 1 a ${most} letras.`,
  slugForm: (asked: string) =>
    html`“${asked}” não serve no endereço. Use de 3 a 40 letras minúsculas sem acento, números e hifens, por exemplo <code>loja-da-ana</code>.`,
  slugReserved: (asked: string) =>
    html`“${asked}” é um nome reservado. Escolha outro, por exemplo <code>${`loja-${asked}`}</code>.`,
  slugTaken: (slug: string) =>
    `O nome ${slug} já é de outra página pública. Escolha outro: /pagina ${slug} = outro-nome`,
}
