import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId } from './fields.ts'

/**
 * A person sent a file with series, or an import is not finished. Subject `chat/7`. The function importer does the next
 * part of the work. The work is stored in rows, so a repeated event does nothing twice.
 */
export const ImportRequested = defineEvent(
  'import.requested',
  1,
  Type.Object({
    chatId: ChatId,
    /** The id of the row in `series_import`. */
    importId: Type.Integer({ minimum: 1 }),
  }),
)
