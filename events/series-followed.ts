import Type from 'typebox'
import { defineEvent } from './event.ts'

/** A chat began to follow a series: its catalogue entry should be there at once. Subject `show/82`. */
export const SeriesFollowed = defineEvent(
  'series.followed',
  1,
  Type.Object({ chatId: Type.Integer(), showId: Type.Integer({ minimum: 1 }), followedAt: Type.String() }),
)
