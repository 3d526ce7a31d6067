import { DatabaseSync } from 'node:sqlite'

type Value = string | number | null

/** The tables of Kuma's database that the importer reads. Values that are the default of their column are left out. */
export interface KumaDump {
  tables: Record<string, { sql: string; rows: Record<string, Value>[] }>
}

type Ports = Readonly<Record<string, string>>

const dumped = [
  ...['monitor', 'notification', 'maintenance', 'monitor_maintenance', 'status_page', 'tag', 'monitor_tag'],
  'setting',
]

/** Reads a database of Kuma. The ports of the servers become their names: `http://127.0.0.1:{OK}/`. */
export const dumpKuma = (path: string, ports: Ports): KumaDump => {
  const db = new DatabaseSync(path, { readOnly: true })
  const names = new Map(Object.entries(ports).map(([name, port]) => [port, name]))
  const named = (text: string) => names.has(text)
  const withNames = (value: Value, column: string): Value => {
    if (typeof value === 'string')
      return value.replace(/(?<=:)\d{4,5}\b/g, port => (named(port) ? `{${names.get(port)}}` : port))
    return column === 'port' && named(String(value)) ? `{${names.get(String(value))}}` : value
  }
  try {
    return {
      tables: Object.fromEntries(
        dumped.map(table => {
          const { sql } = db.prepare('select sql from sqlite_master where name = ?').get(table) as { sql: string }
          const columns = db.prepare(`select name, dflt_value as usual from pragma_table_info('${table}')`).all()
          const usual = new Map(columns.map(({ name, usual }) => [String(name), unquoted(usual as string | null)]))
          const rows = db.prepare(`select * from "${table}"`).all() as Record<string, Value>[]
          return [
            table,
            {
              sql,
              rows: rows.filter(isPublic).map(row =>
                Object.fromEntries(
                  Object.entries(row)
                    .filter(([column, value]) => (value === null ? null : String(value)) !== usual.get(column))
                    .map(([column, value]) => [column, withNames(value, column)]),
                ),
              ),
            },
          ]
        }),
      ),
    }
  } finally {
    db.close()
  }
}

/** A default as SQLite writes it: `'GET'`, `0`, `null`. */
const unquoted = (text: string | null) =>
  text === null || /^null$/i.test(text) ? null : text.replace(/^'(.*)'$/, '$1')

/** Kuma keeps the key of its sessions among its settings. */
const isPublic = ({ key }: Record<string, Value>) => !/secret|vapid/i.test(String(key ?? ''))

/** Writes the database that `dumpKuma` read, for servers with these ports. */
export const writeKumaDump = (path: string, { tables }: KumaDump, ports: Ports): void => {
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false })
  const withPorts = (value: Value, column: string): Value => {
    if (typeof value !== 'string') return value
    const text = value.replace(/\{([A-Z_0-9]+)\}/g, (all, name) => ports[name] ?? all)
    return column === 'port' ? Number(text) : text
  }
  for (const [table, { sql, rows }] of Object.entries(tables)) {
    db.exec(sql)
    for (const row of rows) {
      const columns = Object.keys(row)
      const places = columns.map(() => '?').join(', ')
      db.prepare(`insert into "${table}" (${columns.map(name => `"${name}"`).join(', ')}) values (${places})`).run(
        ...columns.map(column => withPorts(row[column]!, column)),
      )
    }
  }
  db.close()
}
