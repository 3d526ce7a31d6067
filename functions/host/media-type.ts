/**
 * The media type without its parameters: `application/json` for `Application/JSON; charset=utf-8`, '' for no content
 * type.
 */
export const mediaTypeOf = (contentType = ''): string => contentType.split(';', 1)[0]!.trim().toLowerCase()
