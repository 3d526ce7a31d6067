import Type from 'typebox'
import { defineEvent } from './event.ts'
import { ChatId } from './fields.ts'
import { SeriesChanged } from './series-changed.ts'
import { EventEpisode, EventShow } from './show.ts'

/** Everything that one chat is told in one message about the series that it follows. Subject `chat/7`. */
export const EpisodeDigest = defineEvent(
  'episode.digest',
  1,
  Type.Object({
    chatId: ChatId,
    /** The topic of the forum in which the chat follows the series. */
    threadId: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Why in one message: a digest, which is also about what comes out until the next one; or quiet hours are over. */
    why: Type.Union([Type.Literal('daily'), Type.Literal('weekly'), Type.Literal('quiet')]),
    /** In the order in which the episodes were due. */
    shows: Type.Array(Type.Object({ show: EventShow, episodes: Type.Array(EventEpisode, { minItems: 1 }) }), {
      maxItems: 200,
    }),
    /** The news that came in the quiet hours, in their order. */
    news: Type.Optional(Type.Array(SeriesChanged.schema, { minItems: 1, maxItems: 100 })),
  }),
)
