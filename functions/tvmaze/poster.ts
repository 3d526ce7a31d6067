/**
 * The address of a smaller poster, for the case that Telegram refuses the large one as too large. Undefined if the
 * poster is small already.
 */
export const smallerPoster = (url: string): string | undefined =>
  url.includes('/original_untouched/') ? url.replace('/original_untouched/', '/medium_portrait/') : undefined
