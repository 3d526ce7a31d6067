#!/bin/sh
# This stub replaces every external program of a pipeline. A link with the name of each program points to this file. The
# stub records its arguments and prints what the next step reads. STUB_BREAK='<program> <first argument> before|after'
# makes a program fail before or after its effect.
set -eu

tool=${0##*/}
{
  printf '%s' "$tool"
  for argument in "$@"; do printf '\t%s' "$argument"; done
  echo
} >>"$STUB_LOG"

breaks() {
  [ "${STUB_BREAK:-}" = "$tool ${first:-} $1" ] || return 0
  echo "$tool fails, as the test asks" >&2
  exit 1
}
# The option --context of kubectl comes before the command, so skip it.
[ "${1:-}" != --context ] || shift 2
first=${1:-}
breaks before

after() {
  flag=$1
  shift
  while [ $# -gt 1 ]; do
    [ "$1" != "$flag" ] || echo "$2"
    shift
  done
}

# Pushes a manifest, as a builder does. The manifest has the revision from the arguments, the commit of the build
# folder, and the first uncommitted file of that folder.
push_image() {
  repository=$1 tag=$2
  content="{\"revision\":\"$3\",\"folder\":\"$(git rev-parse HEAD)\",\"uncommitted\":\"$(git status --porcelain --ignored | head -n 1)\",\"run\":\"${STUB_RUN:-}\"}"
  digest=sha256:$(printf %s "$content" | sha256sum | cut -d ' ' -f 1)
  mkdir -p "$STUB_REGISTRY/$repository"
  printf %s "$content" >"$STUB_REGISTRY/$repository/$digest"
  printf %s "$digest" >"$STUB_REGISTRY/$repository/$tag"
}
last() {
  for argument in "$@"; do :; done
  echo "$argument"
}
without_host() { echo "${1#*/}"; }

case $tool in
  jx)
    if [ "$first" = gitops ]; then
      mkdir -p .jx
      printf 'export DOCKER_REGISTRY=%s DOCKER_REGISTRY_ORG=%s JX_CHART_REPOSITORY=%s VERSION=0.0.0\n' \
        "$STUB_HOST" team "$STUB_CHART_REPOSITORY" >.jx/variables.sh
    fi
    ;;
  skaffold)
    repository=$(after --default-repo "$@")/vigia tag=$(after --tag "$@")
    push_image "$(without_host "$repository")" "$tag" "$REVISION"
    printf '{"builds":[{"imageName":"vigia","tag":"%s:%s@%s"}]}' "$repository" "$tag" "$digest" >"$(after --file-output "$@")"
    ;;
  docker)
    if [ "$first" = buildx ]; then
      image=$(after --tag "$@")
      push_image "$(without_host "${image%:*}")" "${image##*:}" "$(after --build-arg "$@" | sed -n 's/^REVISION=//p')"
      printf '{\n  "containerimage.digest": "%s"\n}\n' "$digest" >"$(after --metadata-file "$@")"
    fi
    ;;
  buildah)
    # The command `build` gets the revision. The command `push` pushes the image that was built with this revision.
    if [ "$first" = build ]; then
      after --build-arg "$@" | sed -n 's/^REVISION=//p' >"$STUB_REGISTRY/built"
    else
      image=$(last "$@")
      push_image "$(without_host "${image%:*}")" "${image##*:}" "$(cat "$STUB_REGISTRY/built")"
      printf %s "$digest" >"$(after --digestfile "$@")"
    fi
    ;;
  helm)
    case $first in
      show) [ -f "$STUB_CHARTS/vigia-$(after --version "$@").tgz" ] || exit 1 ;;
      package)
        chart=$(last "$@")
        version=$(sed -n 's/^version: //p' "$chart/Chart.yaml")
        cp "$chart/Chart.yaml" "$(after --destination "$@")/vigia-$version.tgz"
        ;;
      push) cp "$2" "$STUB_CHARTS/" ;;
    esac
    ;;
  curl)
    url=$(last "$@")
    # curl gets the password on stdin. The stub stores the password, so that the test can check it.
    [ "$first" != --config ] || cat >"$STUB_CHARTS/login"
    upload=$(after --upload-file "$@")$(after --data-binary "$@")
    if [ -n "$upload" ]; then
      cp "${upload#@}" "$STUB_CHARTS/"
    else
      version=$(echo "$url" | sed 's/.*[/-]\([0-9.]*[0-9]\)\(\.tgz\)\{0,1\}$/\1/')
      [ -f "$STUB_CHARTS/vigia-$version.tgz" ] || exit 22
    fi
    ;;
  gh)
    case "$first ${2:-}" in
      'release view') grep -q "^gh	release	create	$3	" "$STUB_LOG" || exit 1 ;;
      'pr list') echo '[]' ;;
    esac
    ;;
  kubectl)
    # `kustomize` runs in the real kubectl. Calls to a cluster are only recorded, and `apply` also with its input.
    case $first in
      kustomize) exec "$STUB_KUBECTL" "$@" ;;
      get) cat "$STUB_CHARTS/objects.json" ;;
      apply) [ "$(after --filename "$@")" != - ] || cat >"$STUB_CHARTS/applied.yaml" ;;
    esac
    ;;
esac
breaks after
