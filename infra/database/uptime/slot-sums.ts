/** The sums of slots, in the tables `probe_hour` and `probe_day`. */
export interface SlotSums {
  ok: number
  failed: number
  /** Slots without a conclusion, because of a failure on our side. They count neither as up nor as down. */
  missed: number
  /** Slots during maintenance. They count as nothing else. */
  maintenance: number
  /** The seconds of these slots: the time of a slot is the interval that the monitor had then. */
  okS: number
  failedS: number
  missedS: number
  maintenanceS: number
  /** The good checks that took longer than the limit of the monitor. */
  slow: number
  /** The sum of the total times of the good checks, milliseconds. */
  totalMs: number
}

interface Sum {
  /** The column of `probe_day`. */
  column: string
  /** The property of SlotSums; null for a column that is not a sum. */
  property: keyof SlotSums | null
  /** SQL: the value of a row of `probe_hour` with its row of `monitor`. */
  ofHour: string
  /** The aggregate function. */
  sum: 'sum' | 'max'
}

const count = (column: string, property: keyof SlotSums): Sum => ({ column, property, ofHour: column, sum: 'sum' })
// Rows of earlier releases have no seconds. Each of their slots counts with the present interval of the monitor.
const seconds = (slots: string, property: keyof SlotSums): Sum => ({
  column: `${slots}_s`,
  property,
  ofHour: `coalesce(${slots}_s, ${slots} * monitor.interval_s)`,
  sum: 'sum',
})

/** What the sums consist of. */
export const slotSums: readonly Sum[] = [
  count('ok', 'ok'),
  count('failed', 'failed'),
  count('missed', 'missed'),
  count('maintenance', 'maintenance'),
  seconds('ok', 'okS'),
  seconds('failed', 'failedS'),
  seconds('missed', 'missedS'),
  seconds('maintenance', 'maintenanceS'),
  count('slow', 'slow'),
  count('total_ms', 'totalMs'),
  { column: 'max_ms', property: null, ofHour: 'max_ms', sum: 'max' },
]
