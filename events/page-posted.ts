import Type from 'typebox'
import { defineEvent } from './event.ts'
import { BigintId, Instant } from './fields.ts'

/** People told the visitors of a status page something. Subject `page/3`, id `<id of the update>/page.posted/3`. */
export const PagePosted = defineEvent(
  'page.posted',
  1,
  Type.Object({
    postId: BigintId,
    pageId: BigintId,
    /** The title of the page. */
    title: Type.String({ minLength: 1 }),
    status: Type.Union([
      Type.Literal('investigating'),
      Type.Literal('identified'),
      Type.Literal('monitoring'),
      Type.Literal('resolved'),
    ]),
    text: Type.String({ minLength: 1 }),
    at: Instant,
    /** The monitors that the matter of the post is about; absent if it is about the whole page. */
    monitors: Type.Optional(Type.Array(BigintId, { minItems: 1 })),
    /** How much the post says that services are affected, with their names on the page. */
    impacts: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String(),
          impact: Type.Union([Type.Literal('degraded'), Type.Literal('partial'), Type.Literal('down')]),
        }),
      ),
    ),
  }),
)
