import type { StatusPage } from '#database/pages/status-pages.ts'

/** What the address of a page depends on. */
export type AddressedPage = Pick<StatusPage, 'id' | 'slug' | 'access' | 'secret' | 'domain'>

/**
 * The address of a page on the internet, or its path if the address of the function `status-page` is not known. A page
 * with a domain has no path. Without TLS at the function, its other domains have none either.
 */
export const pageAddress = (page: AddressedPage, pagesUrl: string | null): string =>
  page.domain === null ? `${pagesUrl ?? '/status'}/${pathOf(page)}` : originOf(page.domain, pagesUrl)

const pathOf = ({ id, slug, access, secret }: AddressedPage): string => {
  switch (access) {
    case 'public':
      return slug
    case 'link':
      return `p/${secret}`
    case 'members':
      return `m/${id}`
    default:
      return access satisfies never
  }
}

/** The origin of a page with this domain: `https://status.example.org`. */
export const originOf = (domain: string, pagesUrl: string | null): string =>
  `${pagesUrl?.startsWith('http:') ? 'http' : 'https'}://${domain}`
