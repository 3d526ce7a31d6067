-- The incidents that began in a week: from %(start)s up to, but not including, %(end)s. Both are times with a zone.
select
  incident.id as incident,
  monitor.chat_id as chat,
  monitor.name as monitor,
  monitor.url,
  incident.opened_at,
  incident.closed_at,
  round(extract(epoch from coalesce(incident.closed_at, %(end)s) - incident.opened_at))::bigint as seconds,
  incident.status,
  incident.error
from incident
join monitor on monitor.id = incident.monitor_id
where incident.opened_at >= %(start)s and incident.opened_at < %(end)s
order by incident.opened_at, incident.id
