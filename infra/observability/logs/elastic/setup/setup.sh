#!/bin/sh
# Writes the lifecycle policy, the index template and Kibana's saved objects. Needs ELASTICSEARCH, KIBANA and PASSWORD.
set -eu
cd "$(dirname "$0")"

# The password is in curl's standard input, because other processes can read the arguments of a command.
call() {
  authority=$1
  shift
  printf 'user = "elastic:%s"\n' "$PASSWORD" | curl --config - --fail-with-body --silent --show-error --max-time 60 \
    --cacert "/authority/$authority/ca.crt" "$@"
  echo
}

call elasticsearch -X PUT "$ELASTICSEARCH/_ilm/policy/vigia-logs" -H 'content-type: application/json' -d @lifecycle-policy.json
call elasticsearch -X PUT "$ELASTICSEARCH/_index_template/vigia-logs" -H 'content-type: application/json' -d @index-template.json
# A data stream that exists gets the new fields now, and not only with its next index.
call elasticsearch -X PUT "$ELASTICSEARCH/logs-vigia-*/_mapping?allow_no_indices=true" -H 'content-type: application/json' -d @mappings.json
call kibana -X POST "$KIBANA/api/saved_objects/_import?overwrite=true" -H 'kbn-xsrf: true' -F file=@kibana.ndjson |
  tee /dev/stderr | grep -q '"success":true'
