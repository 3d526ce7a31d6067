import { badRequest } from './bot-api-error.ts'

/** The result of Telegram's own download of a photo URL. */
export type PhotoFetchResult = 'ok' | 'too big' | 'not found' | 'not an image' | 'refused'

export interface PhotoFetches {
  /**
   * Sets the result for one URL. The download of any other URL succeeds, unless its path ends in an extension such as
   * .html or .svg.
   */
  set(url: string, result: PhotoFetchResult): void
  /** Throws Telegram's error if Telegram cannot use the URL. */
  check(url: string): void
}

export const photoFetches = (): PhotoFetches => {
  const results = new Map<string, PhotoFetchResult>()
  return {
    set: (url, result) => void results.set(url, result),
    check: url => {
      switch (results.get(url) ?? guessFetchResult(url)) {
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
