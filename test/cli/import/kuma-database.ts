import { DatabaseSync } from 'node:sqlite'

type Row = Record<string, string | number | null>

/** The columns of the tables of Uptime Kuma 2.5 that the importer reads, with Kuma's defaults. */
const tables = {
  monitor: `id integer primary key autoincrement, name text, active boolean default 1, interval integer default 20, url text,
    type text, hostname text, port integer, keyword text, maxretries integer default 0, ignore_tls boolean default 0,
    upside_down boolean default 0, maxredirects integer default 10, accepted_statuscodes_json text default '["200-299"]',
    dns_resolve_type text, dns_resolve_server text, retry_interval integer default 0, push_token text,
    method text default 'GET', body text, headers text, basic_auth_user text, basic_auth_pass text, proxy_id integer,
    expiry_notification boolean default 1, database_connection_string text, auth_method text, grpc_url text,
    grpc_method text, grpc_service_name text, grpc_enable_tls boolean default 0, http_body_encoding text,
    description text, parent integer, invert_keyword boolean default 0, json_path text, expected_value text,
    timeout double default 0, json_path_operator text, cache_bust boolean default 0, conditions text default '[]',
    smtp_security text, ws_subprotocol text default '', ip_family text, domain_expiry_notification boolean default 0,
    bearer_token text, expected_tls_alert text, ws_ignore_sec_websocket_accept_header boolean default 0`,
  notification: 'id integer primary key, name text, config text',
  maintenance:
    'id integer primary key, title text, strategy text, active boolean, cron text, timezone text, duration integer, start_date text, end_date text',
  monitor_maintenance: 'id integer primary key, monitor_id integer, maintenance_id integer',
  status_page: 'id integer primary key, title text',
  tag: 'id integer primary key, name text',
  monitor_tag: 'id integer primary key, monitor_id integer, tag_id integer',
  setting: 'id integer primary key, key text, value text',
}

/** Writes a database as Uptime Kuma 2.5 has it, with these rows. */
export const writeKumaDatabase = (path: string, rows: Partial<Record<keyof typeof tables, Row[]>>): void => {
  const db = new DatabaseSync(path)
  // Kuma's database is in this mode, also while Kuma does not run.
  db.exec('pragma journal_mode = wal')
  for (const [table, columns] of Object.entries(tables)) {
    db.exec(`create table ${table} (${columns})`)
    for (const row of rows[table as keyof typeof tables] ?? []) {
      const names = Object.keys(row)
      const values = names.map(() => '?').join(', ')
      db.prepare(`insert into ${table} (${names.join(', ')}) values (${values})`).run(...Object.values(row))
    }
  }
  db.close()
}
