#!/usr/bin/env bash
# Writes sealed-secrets.yaml from .env. Commit that file; only the controller of one cluster can decrypt it.
#   seal.sh                   encrypts with the key of the controller in kubectl's current context
#   seal.sh --cert <file>     encrypts with a key from a file (kubeseal --fetch-cert), without a cluster
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
    *) refuse "unknown option $1; the only option is --cert <file>" ;;
  esac
done
for tool in kubectl kubeseal; do
  command -v "$tool" >/dev/null || refuse "$tool is not on PATH; install it"
done
check_environment "$here/.env"

# Replaces the file only when everything is sealed.
draft=$(mktemp "$here/.sealed-secrets.XXXXXX")
trap 'rm -f "$draft"' EXIT
printf '%s\n' '# Written by seal.sh from .env. Only the controller of one cluster can decrypt it.' >"$draft"

# seal NAME KEYS: makes the sealed Secret NAME from the lines of .env whose key matches KEYS. Values go through pipes
# and never appear on a command line.
seal() {
  local name=$1 keys=$2
  printf '%s\n' '---' >>"$draft"
  grep -E "^($keys)=." "$here/.env" |
    kubectl create secret generic "$name" --namespace vigia --from-env-file=/dev/stdin --dry-run=client -o yaml |
    kubeseal --format yaml ${cert[@]+"${cert[@]}"} >>"$draft" || refuse "kubeseal did not seal $name; sealed-secrets.yaml is unchanged"
}
seal vigia-postgres 'DATABASE_URL|POSTGRES_[A-Z_]+'
seal vigia-mongodb 'MONGODB_[A-Z_]+'
seal vigia-telegram 'TELEGRAM_[A-Z_]+'

chmod 644 "$draft"
mv "$draft" "$here/sealed-secrets.yaml"
printf '%s\n' 'sealed-secrets.yaml is written: commit it'
