#!/bin/sh
# Packages the chart at the release's tag and pushes it, unless the repository has it already. CHART_REPOSITORY is the
# target: oci://…, https://… (ChartMuseum) or nexus+https://… (a Helm hosted repository). CHART_USERNAME and
# CHART_PASSWORD are its login, if it needs one.
set -eu

release=.build/release
[ -f $release/release.env ] || { echo 'no release was prepared here; run node infra/delivery/prepare.ts first' >&2; exit 1; }
# shellcheck source=/dev/null
. ./$release/release.env
[ "$PHASE" != nothing ] || { echo "v$VERSION: no new chart"; exit 0; }
command -v helm >/dev/null || { echo 'helm not found on PATH; install it, then push the chart again' >&2; exit 1; }
[ "$PHASE" = published ] || {
  echo "v$VERSION is not on origin; run node infra/delivery/publish.ts first" >&2
  exit 1
}

[ -z "${CHART_USERNAME:-}" ] || [ -n "${CHART_PASSWORD:-}" ] || {
  echo 'CHART_USERNAME is set, but CHART_PASSWORD is not; set both or neither' >&2
  exit 1
}

package=$release/vigia-$VERSION.tgz

# curl reads the password from stdin, because every user of the machine can read arguments.
as_user() {
  if [ -n "${CHART_USERNAME:-}" ]; then
    printf 'user = "%s:%s"\n' "$CHART_USERNAME" "$CHART_PASSWORD" | curl --config - "$@"
  else
    curl "$@"
  fi
}

# As in registry.ts: no TLS with REGISTRY_PLAIN_HTTP=true and on the loopback interface.
plain=
case ${REGISTRY_PLAIN_HTTP:-}/$CHART_REPOSITORY in
  true/* | */oci://localhost[:/]* | */oci://127.0.0.1[:/]*) plain=--plain-http ;;
esac

package_chart() {
  clean=$(mktemp -d)
  trap 'rm -rf "$clean"' EXIT
  git -C $release/source archive "v$VERSION" infra/charts/vigia | tar -x -C "$clean"
  helm package --destination $release "$clean/infra/charts/vigia"
}

case $CHART_REPOSITORY in
  oci://*)
    if helm show chart "$CHART_REPOSITORY/vigia" --version "$VERSION" $plain >/dev/null 2>&1; then
      echo "vigia-$VERSION.tgz is already in the chart repository"
    else
      package_chart
      helm push "$package" "$CHART_REPOSITORY" $plain
    fi
    ;;
  nexus+*)
    url=${CHART_REPOSITORY#nexus+}
    if as_user --fail --silent --output /dev/null --head "$url/vigia-$VERSION.tgz"; then
      echo "vigia-$VERSION.tgz is already in the chart repository"
    else
      package_chart
      as_user --fail --silent --show-error --upload-file "$package" "$url/vigia-$VERSION.tgz"
    fi
    ;;
  *)
    if as_user --fail --silent --output /dev/null "$CHART_REPOSITORY/api/charts/vigia/$VERSION"; then
      echo "vigia-$VERSION.tgz is already in the chart repository"
    else
      package_chart
      as_user --fail --silent --show-error --data-binary "@$package" "$CHART_REPOSITORY/api/charts"
    fi
    ;;
esac
