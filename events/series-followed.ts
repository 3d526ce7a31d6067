import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId, Instant, IntegerId } from './fields.ts'

/** A chat began to follow a series, so the catalogue needs the series at once. Subject `show/82`. */
export const SeriesFollowed = defineEvent(
  'series.followed',
  1,
  Type.Object({ chatId: ChatId, showId: IntegerId, followedAt: Instant }),
)
