import type { Language } from '#database/chats/language.ts'
import { type ProbeErrorCode, type ProbeWarningCode, probeErrorCodes, probeWarningCodes } from '#events/probe-error.ts'

type Translated = Record<Language, string>

// Each text fits after a colon (`Motivo: …`). A text without a subject is about the site.
const probeErrors = {
  timeout: { 'pt-BR': 'não respondeu a tempo', en: 'did not answer in time' },
  refused: { 'pt-BR': 'recusou a conexão', en: 'refused the connection' },
  reset: { 'pt-BR': 'fechou a conexão sem responder', en: 'closed the connection without an answer' },
  dns: { 'pt-BR': 'o nome não foi encontrado (DNS)', en: 'the name was not found (DNS)' },
  'no-ipv4': { 'pt-BR': 'não tem endereço IPv4', en: 'has no IPv4 address' },
  'no-ipv6': { 'pt-BR': 'não tem endereço IPv6', en: 'has no IPv6 address' },
  unreachable: { 'pt-BR': 'está inacessível pela rede', en: 'cannot be reached over the network' },
  tls: { 'pt-BR': 'a conexão segura (TLS) falhou', en: 'the secure connection (TLS) failed' },
  'tls-expired': {
    'pt-BR': 'o certificado está fora da validade',
    en: 'the certificate has expired or is not valid yet',
  },
  'tls-wrong-host': { 'pt-BR': 'o certificado é de outro endereço', en: 'the certificate is for another address' },
  'tls-incomplete': {
    'pt-BR': 'o servidor não envia o certificado do emissor',
    en: 'the server does not send the certificate of the issuer',
  },
  'tls-untrusted': { 'pt-BR': 'o certificado não é confiável', en: 'the certificate is not trusted' },
  'tls-weak': {
    'pt-BR': 'o certificado usa criptografia fraca demais',
    en: 'the certificate uses cryptography that is too weak',
  },
  'tls-client-certificate': {
    'pt-BR': 'exige um certificado de quem se conecta',
    en: 'requires a client certificate',
  },
  status: { 'pt-BR': 'respondeu com erro', en: 'answered with error' },
  keyword: {
    'pt-BR': 'o texto da resposta não é o esperado',
    en: 'the text of the answer is not as expected',
  },
  json: { 'pt-BR': 'o JSON da resposta não é o esperado', en: 'the JSON of the answer is not as expected' },
  'body-too-large': {
    'pt-BR': 'a resposta é grande demais para ser conferida',
    en: 'the answer is too large to be examined',
  },
  reply: { 'pt-BR': 'a resposta do serviço não é a esperada', en: 'the service did not answer as expected' },
  starttls: { 'pt-BR': 'não oferece conexão segura (STARTTLS)', en: 'does not offer a secure connection (STARTTLS)' },
  'dns-answer': {
    'pt-BR': 'a resposta do DNS não tem os valores esperados',
    en: 'the DNS answer does not have the expected values',
  },
  'not-serving': { 'pt-BR': 'o serviço diz que não está atendendo', en: 'the service says that it is not serving' },
  'ping-unavailable': {
    'pt-BR': 'não posso enviar pings desta máquina, vigie uma porta aberta (tcp)',
    en: 'I cannot send pings from this machine, watch an open port (tcp) instead',
  },
  protocol: { 'pt-BR': 'a resposta não é HTTP', en: 'the answer is not HTTP' },
  'too-large': {
    'pt-BR': 'os cabeçalhos da resposta são grandes demais',
    en: 'the headers of the answer are too large',
  },
  'too-many-redirects': {
    'pt-BR': 'redireciona vezes demais, ou em círculo',
    en: 'redirects too many times, or in a loop',
  },
  'bad-redirect': {
    'pt-BR': 'redireciona para um endereço que não posso acessar',
    en: 'redirects to an address that I cannot follow',
  },
  'https-to-http': {
    'pt-BR': 'redireciona de https para http, sem criptografia',
    en: 'redirects from https to http, which is not encrypted',
  },
  'private-address': {
    'pt-BR': 'fica numa rede privada, que eu não alcanço',
    en: 'is on a private network, which I cannot reach',
  },
  'blocked-port': { 'pt-BR': 'essa porta não pode ser vigiada', en: 'that port cannot be watched' },
  'missing-port': { 'pt-BR': 'falta a porta no endereço', en: 'the port is missing from the address' },
  'bad-url': { 'pt-BR': 'o endereço não é válido', en: 'the address is not valid' },
  'bad-scheme': {
    'pt-BR': 'só vigio http, https, tcp, tls, dns, ping, ws, wss, grpc e grpcs',
    en: 'I only watch http, https, tcp, tls, dns, ping, ws, wss, grpc and grpcs',
  },
  credentials: { 'pt-BR': 'o endereço tem usuário ou senha', en: 'the address contains a user name or password' },
  'no-ping': { 'pt-BR': 'não deu sinal no prazo', en: 'did not ping in time' },
  'run-overdue': { 'pt-BR': 'começou e não terminou no prazo', en: 'started and did not finish in time' },
  'job-failed': { 'pt-BR': 'o trabalho falhou', en: 'the job failed' },
  'not-checked': { 'pt-BR': 'não consegui verificar', en: 'I could not check' },
} as const satisfies Record<ProbeErrorCode, Translated>

const isProbeError = (code: string): code is ProbeErrorCode => (probeErrorCodes as readonly string[]).includes(code)

/**
 * Why a check failed, as a text that fits after a colon: `respondeu com erro 500`, or `failed (x)` for an unknown
 * code `x`.
 */
export const sayProbeError = (code: string, language: Language, status: number | null = null): string => {
  if (!isProbeError(code)) return language === 'pt-BR' ? `falhou (${code})` : `failed (${code})`
  const words = probeErrors[code][language]
  return code === 'status' && status !== null ? `${words} ${status}` : words
}

const probeWarnings = {
  'certificate-expiring': { 'pt-BR': 'O certificado vence em breve', en: 'The certificate expires soon' },
  slow: { 'pt-BR': 'A resposta está lenta', en: 'The answer is slow' },
  'insecure-redirect': {
    'pt-BR': 'O site redireciona de https para http, sem criptografia',
    en: 'The site redirects from https to http, which is not encrypted',
  },
  'any-certificate': {
    'pt-BR': 'Este monitor aceita qualquer certificado',
    en: 'This monitor accepts any certificate',
  },
} as const satisfies Record<ProbeWarningCode, Translated>

/** A warning about a site that is up. An unknown code is shown as it is. */
export const sayProbeWarning = (code: string, language: Language): string =>
  (probeWarningCodes as readonly string[]).includes(code) ? probeWarnings[code as ProbeWarningCode][language] : code
