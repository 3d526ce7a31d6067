import type { Language } from '#database/chats/language.ts'

interface BadgeTexts {
  none: string
  certificate: string
  days(days: number): string
  down(down: number, all: number): string
}

/** The words of badges. */
export const badgeTexts: Record<Language, BadgeTexts> = {
  'pt-BR': {
    none: 'sem dados',
    certificate: 'certificado',
    days: days => (days < 0 ? 'vencido' : days === 1 ? '1 dia' : `${days} dias`),
    down: (down, all) => `${down} de ${all} fora do ar`,
  },
  en: {
    none: 'no data',
    certificate: 'certificate',
    days: days => (days < 0 ? 'expired' : days === 1 ? '1 day' : `${days} days`),
    down: (down, all) => `${down} of ${all} down`,
  },
}

interface FeedTexts {
  title(page: string): string
  description(page: string): string
  down(name: string): string
  wasDown(name: string, duration: string): string
  begin(time: string): string
  end(time: string): string
  calendar(page: string): string
  maintenance(name: string): string
}

/** The words of feeds and calendars. */
export const feedTexts: Record<Language, FeedTexts> = {
  'pt-BR': {
    title: page => `${page}: quedas, avisos e manutenções`,
    description: page => `As quedas, os avisos e as manutenções de ${page}`,
    down: name => `${name} está fora do ar`,
    wasDown: (name, duration) => `${name} ficou fora do ar por ${duration}`,
    begin: time => `Começo: ${time}.`,
    end: time => `Fim: ${time}.`,
    calendar: page => `${page}: manutenções`,
    maintenance: name => `Manutenção: ${name}`,
  },
  en: {
    title: page => `${page}: outages, notices and maintenance`,
    description: page => `The outages, the notices and the maintenance of ${page}`,
    down: name => `${name} is down`,
    wasDown: (name, duration) => `${name} was down for ${duration}`,
    begin: time => `Beginning: ${time}.`,
    end: time => `End: ${time}.`,
    calendar: page => `${page}: maintenance`,
    maintenance: name => `Maintenance: ${name}`,
  },
}
