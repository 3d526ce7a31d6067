import type { Language } from '#database/chats/language.ts'
import type { Impact } from '#database/pages/impacts.ts'

/** The names of the impacts on a service, with a sign for chats. */
const impacts: Record<Impact, { sign: string } & Record<Language, string>> = {
  none: { sign: '🟢', 'pt-BR': 'sem impacto', en: 'not affected' },
  degraded: { sign: '🟡', 'pt-BR': 'desempenho degradado', en: 'degraded performance' },
  partial: { sign: '🟠', 'pt-BR': 'parcialmente fora do ar', en: 'partial outage' },
  down: { sign: '🔴', 'pt-BR': 'fora do ar', en: 'down' },
}

export const sayImpact = (impact: Impact, language: Language): string => impacts[impact][language]

export const impactSign = (impact: Impact): string => impacts[impact].sign
