import { type DraftChanges, type Field, none, type RefusedText } from './field.ts'
import { hasTls, settingsOf, without } from './setting.ts'

const starttlsRecipes = ['smtp', 'imap', 'postgres', 'mysql']

/** Whether a connection of the kind `tcp` uses TLS: from the first byte on, or by the command of its recipe. */
const security: Field = {
  isOffered: ({ draft: { content } }) => content.kind === 'tcp',
  choices: drafting => {
    const { security } = drafting.context.messages.wizard
    return [
      { text: security.tls, value: 'tls' },
      ...(starttlsRecipes.includes(String(settingsOf(drafting).recipe))
        ? [{ text: security.starttls, value: 'starttls' }]
        : []),
    ]
  },
  choose: (drafting, value) => {
    const settings = settingsOf(drafting)
    if (value === none) return { settings: without(settings, 'tls', 'starttls', 'certificate', 'certificateDays') }
    if (!security.choices(drafting).some(choice => choice.value === value)) return null
    return { settings: { ...without(settings, 'tls', 'starttls'), [value]: true } }
  },
  show: drafting => {
    const { security } = drafting.context.messages.wizard
    const { tls, starttls } = settingsOf(drafting)
    return tls ? security.tls : starttls ? security.starttls : null
  },
  isRemovable: drafting => hasTls(settingsOf(drafting), 'tcp'),
}

/** How a connection of the kind `tls` begins TLS, if not at once. */
const starttls: Field = {
  isOffered: ({ draft: { content } }) => content.kind === 'tls',
  choices: () => starttlsRecipes.map(value => ({ text: value, value })),
  choose: (drafting, value) => {
    if (value === none) return { settings: without(settingsOf(drafting), 'starttls') }
    return starttlsRecipes.includes(value) ? { settings: { ...settingsOf(drafting), starttls: value } } : null
  },
  show: drafting => (settingsOf(drafting).starttls as string | undefined) ?? null,
  isRemovable: drafting => settingsOf(drafting).starttls !== undefined,
}

const maxCertificatesLength = 65_536
const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates in a text (PEM), without what stands around them; null if there is none, or one is not valid. */
const certificatesIn = async (text: string): Promise<string | null> => {
  const blocks = text.match(certificateBlock)
  if (blocks === null || text.length > maxCertificatesLength) return null
  const { X509Certificate } = await import('node:crypto')
  try {
    for (const block of blocks) new X509Certificate(block)
    return `${blocks.join('\n')}\n`
  } catch {
    return null
  }
}

/** Which certificates are accepted: those of the usual authorities, of one's own, or all. */
const certificate: Field = {
  takesFile: true,
  isOffered: ({ draft: { content } }) =>
    content.kind !== undefined &&
    ['http', 'tls', 'websocket', 'grpc', 'tcp'].includes(content.kind) &&
    hasTls(content.settings ?? {}, content.kind),
  choices: ({ context: { messages } }) => [{ text: messages.wizard.certificates.any, value: 'any' }],
  choose: (drafting, value) => {
    const settings = without(settingsOf(drafting), 'certificate')
    if (value === none) return { settings }
    return value === 'any' ? { settings: { ...settings, certificate: 'any' } } : null
  },
  read: async (drafting, text): Promise<DraftChanges | RefusedText> => {
    const { wizard } = drafting.context.messages
    if (/PRIVATE KEY/.test(text)) return { refusal: wizard.privateKeyRefused(), isSecret: true }
    const ca = await certificatesIn(text)
    return ca === null
      ? { refusal: wizard.certificateRefused() }
      : { settings: { ...settingsOf(drafting), certificate: 'own-ca' }, secrets: { ca } }
  },
  show: drafting => {
    const { certificates } = drafting.context.messages.wizard
    const chosen = settingsOf(drafting).certificate as 'any' | 'own-ca' | undefined
    return chosen === undefined ? certificates.usual : certificates[chosen]
  },
  isRemovable: drafting => settingsOf(drafting).certificate !== undefined,
}

/** The fields about TLS. */
export const tlsFields = { security, starttls, certificate } satisfies Record<string, Field>
