import { texts } from './binary-arrays.ts'
import type { Connection, Statement } from './connection.ts'

const releaseAllStatement: Statement = {
  name: 'release all',
  text: `update broker.delivery set due = now(), lease = null where due is not null and lease is not null`,
}

const abandonStatement: Statement = {
  name: 'abandon',
  text: `
    update broker.delivery set state = 'dead', due = null, lease = null
    where due is not null and trigger <> all ($1::text[])
    returning trigger`,
}

// setval instead of nextval, because after a crash PostgreSQL skips values that nextval had reserved.
const startStatement: Statement = {
  name: 'start',
  text: `
    select setval('broker.epoch', (select last_value + 1 from broker.epoch)) as epoch,
      greatest((select max(seq) from broker.event), (select last_value from broker.event_seq)) as seq`,
}

export interface Takeover {
  /** Grows with each start of a broker on this database. */
  epoch: number
  /** The highest `seq` that was ever given to an event. */
  seq: number
  /** Triggers that no longer exist, with how many of their pending deliveries were dropped. */
  abandoned: Record<string, number>
}

/**
 * Takes the tables over from an earlier process: its leased deliveries become due at once, and pending deliveries of
 * Triggers that no longer exist become dead.
 */
export const takeOver = async (connection: Connection, triggers: readonly string[]): Promise<Takeover> => {
  await connection.run(releaseAllStatement)
  const dropped = await connection.run<{ trigger: string }>(abandonStatement, [texts(triggers)])
  const [row] = await connection.run<{ epoch: string; seq: string }>(startStatement)
  const abandoned: Record<string, number> = {}
  for (const { trigger } of dropped) abandoned[trigger] = (abandoned[trigger] ?? 0) + 1
  return { epoch: Number(row!.epoch), seq: Number(row!.seq), abandoned }
}

const epochStatement: Statement = { name: 'epoch', text: 'select last_value as epoch from broker.epoch' }

/** The epoch of the latest start of a broker on this database. */
export const lastEpoch = async (connection: Connection): Promise<number> =>
  Number((await connection.run<{ epoch: string }>(epochStatement))[0]!.epoch)
