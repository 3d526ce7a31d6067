import { badRequest } from './bot-api-error.ts'

/** How Telegram's fetch of a photo's URL ends. */
export type PhotoFetchResult = 'ok' | 'too big' | 'not found' | 'not an image' | 'refused'

export interface PhotoFetches {
  /** Decides the fate of one URL; others are fine if they look like a picture's. */
  set(url: string, fate: PhotoFetchResult): void
  /** Throws what Telegram says of a URL it cannot use. */
  check(url: string): void
}

export const photoFetches = (): PhotoFetches => {
  const fates = new Map<string, PhotoFetchResult>()
  return {
    set: (url, fate) => void fates.set(url, fate),
    check: url => {
      switch (fates.get(url) ?? guessFetchResult(url)) {
        case 'ok':
          return
        case 'not found':
        case 'too big':
          throw badRequest('failed to get HTTP URL content')
        case 'not an image':
          throw badRequest('wrong type of the web page content')
        case 'refused':
          throw badRequest('wrong HTTP URL specified')
      }
    },
  }
}

const guessFetchResult = (url: string): PhotoFetchResult => {
  if (!URL.canParse(url)) return 'refused'
  return /\.(svg|html?|txt|json|pdf)$/i.test(new URL(url).pathname) ? 'not an image' : 'ok'
}
