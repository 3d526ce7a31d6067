import Type, { type Static } from 'typebox'

/** The shortest period and the shortest grace. Pings may wait some seconds for PostgreSQL. */
export const minHeartbeatS = 60
export const maxHeartbeatS = 365 * 86_400

const Seconds = Type.Integer({ minimum: minHeartbeatS, maximum: maxHeartbeatS })

/**
 * The settings of a heartbeat: how often pings are expected. Without any setting, a ping a day is expected, as with
 * Healthchecks.
 */
export const HeartbeatSettings = Type.Object(
  {
    /** A ping is expected this long after the last one. It has no effect if there is a cron expression. */
    periodS: Type.Optional(Seconds),
    /** A ping is expected at these times: five fields, in `timeZone`. */
    cron: Type.Optional(Type.String({ minLength: 9, maxLength: 200 })),
    /** An IANA time zone; UTC if absent. */
    timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
    /** How long after its expected time a ping counts as late. A run that has started must end within this time. */
    graceS: Type.Optional(Seconds),
  },
  { additionalProperties: false },
)
export type HeartbeatSettings = Static<typeof HeartbeatSettings>
