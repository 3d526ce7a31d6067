import Type, { type Static } from 'typebox'

/** An assertion about the JSON in a body. Every value that `path` selects must pass, and there must be at least one. */
export const JsonAssertion = Type.Object(
  {
    /** A JSONPath of RFC 9535: `$.status`, `$.queues[?@.name == 'mail'].length`. */
    path: Type.String({ minLength: 1, maxLength: 500 }),
    equals: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
    not: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
    above: Type.Optional(Type.Number()),
    below: Type.Optional(Type.Number()),
  },
  { additionalProperties: false },
)
export type JsonAssertion = Static<typeof JsonAssertion>
