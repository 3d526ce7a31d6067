#!/usr/bin/env bash
# Writes sealed-secrets.yaml from .env: only the controller of one cluster can read what is in it, so it belongs into git.
#   seal.sh                   asks the controller of the current context for its key
#   seal.sh --cert <file>     seals with a key that was fetched before (kubeseal --fetch-cert), without a cluster
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/cluster/environment.sh
source "$here/../environment.sh"

cert=()
while (($#)); do
  case $1 in
    --cert)
      [[ -n ${2:-} ]] || refuse '--cert needs a file'
      [[ -r $2 ]] || refuse "cannot read $2"
      cert=(--cert "$2")
      shift 2
      ;;
    *) refuse "unknown option $1: there is --cert <file>" ;;
  esac
done
for tool in kubectl kubeseal; do
  command -v "$tool" >/dev/null || refuse "$tool is not on PATH"
done
check_environment "$here/.env"

# In place only when all of it is sealed.
draft=$(mktemp "$here/.sealed-secrets.XXXXXX")
trap 'rm -f "$draft"' EXIT
printf '%s\n' '# Written by seal.sh from .env. Sealed for one cluster; nobody else can read it.' >"$draft"

# seal NAME KEYS: the lines of .env whose key matches. Values go through pipes, never through a command line.
seal() {
  local name=$1 keys=$2
  printf '%s\n' '---' >>"$draft"
  grep -E "^($keys)=." "$here/.env" |
    kubectl create secret generic "$name" --namespace vigia --from-env-file=/dev/stdin --dry-run=client -o yaml |
    kubeseal --format yaml ${cert[@]+"${cert[@]}"} >>"$draft" || refuse "kubeseal did not seal $name; sealed-secrets.yaml is as it was"
}
seal vigia-postgres 'DATABASE_URL|POSTGRES_[A-Z_]+'
seal vigia-mongodb 'MONGODB_[A-Z_]+'
seal vigia-telegram 'TELEGRAM_[A-Z_]+'

chmod 644 "$draft"
mv "$draft" "$here/sealed-secrets.yaml"
printf '%s\n' 'sealed-secrets.yaml is written: commit it'
