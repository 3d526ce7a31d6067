/**
 * The media type in a Content-Type header, without parameters: `application/json` for `Application/JSON;
 * charset=utf-8`. It is '' if there is no header.
 */
export const mediaTypeOf = (contentType = ''): string => contentType.split(';', 1)[0]!.trim().toLowerCase()
