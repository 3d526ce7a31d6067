#!/usr/bin/env bash
# Tests and builds the checked-out commit, pushes its image to a registry in the LAN, and deploys the image to a cluster
# by digest.
#   run_pipeline.sh                          everything, to the overlay onprem
#   run_pipeline.sh --env minikube           to another overlay of infra/cluster
#   run_pipeline.sh uptime-prober            builds everything, deploys only this function
# REGISTRY is where images are pushed (registry.vigia.lan:5000). BUILDER is docker or buildah. KUBE_CONTEXT is the
# cluster, if it is not kubectl's current context. REGISTRY_PLAIN_HTTP=true is for a registry without TLS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

refuse() {
  printf 'run_pipeline.sh: %s\n' "$*" >&2
  exit 1
}

overlay=onprem
function=
while (($#)); do
  case $1 in
    --env)
      [[ -n ${2:-} ]] || refuse '--env needs the name of an overlay'
      overlay=$2
      shift
      ;;
    -*) refuse "unknown option $1; the only option is --env <overlay>" ;;
    *) function=$1 ;;
  esac
  shift
done

case $overlay in
  gke | minikube | onprem) ;;
  *) refuse "there is no overlay $overlay in infra/cluster; use gke, minikube or onprem" ;;
esac
[[ -z $function || -f knative/services/$function.yaml ]] || refuse "there is no function $function in knative/services"
[[ -n ${REGISTRY:-} ]] || refuse 'REGISTRY is not set; images are pushed there (registry.vigia.lan:5000)'
for tool in git node npm kubectl "${BUILDER:=docker}"; do
  command -v "$tool" >/dev/null || refuse "$tool not found on PATH; install it"
done
[[ $BUILDER == docker || $BUILDER == buildah ]] || refuse "BUILDER is $BUILDER; it must be docker or buildah"
changes=$(git status --porcelain)
[[ -z $changes ]] || refuse "the tree is dirty (${changes%%$'\n'*}): commit the changes, so that the build has a name"
node infra/delivery/registry.ts "$REGISTRY"
kube() { kubectl ${KUBE_CONTEXT:+--context "$KUBE_CONTEXT"} "$@"; }
kube version --request-timeout=10s >/dev/null 2>&1 || refuse "no cluster answers in kubectl's context ${KUBE_CONTEXT:-}; check kubectl config get-contexts"

revision=$(git rev-parse HEAD)
if tag=$(git describe --exact-match --match 'v[0-9]*' HEAD 2>/dev/null); then
  version=${tag#v}
else
  # Every commit has its own version, because the template of an existing Job cannot change.
  version=$(node -p 'require("./package.json").version')-${revision:0:12}
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet --no-tags . "$work/source"
[[ ! -f infra/cluster/$overlay/.env ]] || cp "infra/cluster/$overlay/.env" "$work/source/infra/cluster/$overlay/.env"
(cd "$work/source" && node infra/delivery/stamp.ts "$version" "$revision" >/dev/null)

# The overlay is rendered before the build, so that a missing file of a Secret is reported before the build.
rendered=$(kubectl kustomize "$work/source/infra/cluster/$overlay" 2>&1) || refuse "infra/cluster/$overlay: ${rendered##*$'\n'}"
name=$(sed -n 's/^ *\(- \)\{0,1\}image: \(.*\/vigia\):[^:]*$/\2/p' <<<"$rendered" | sort -u)
[[ -n $name && $name != *$'\n'* ]] || refuse "infra/cluster/$overlay must use our image under exactly one name, but it uses: ${name:-none}"

npm ci --ignore-scripts
npm test

# The image is built from a second clone, because the stamped files belong to the deployment and not to the commit.
git clone --quiet --no-tags . "$work/image"
SOURCE=$(git remote get-url origin 2>/dev/null | sed 's|//[^/@]*@|//|' || true)
export BUILDER SOURCE
sh infra/delivery/push-image.sh "$work/image" "$REGISTRY/vigia:$version" "$version" "$revision" "$work/digest"
read -r _ digest <"$work/digest"

mkdir "$work/source/infra/cluster/lan"
cat >"$work/source/infra/cluster/lan/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../$overlay
images:
  - name: $name
    newName: $REGISTRY/vigia
    digest: $digest
$(sed -n '/^sortOptions:/,$p' "$work/source/infra/cluster/$overlay/kustomization.yaml")
YAML
vigia() { kube --namespace vigia "$@"; }
apply() { kubectl kustomize "$work/source/infra/cluster/lan" | kube apply --server-side --force-conflicts --filename - "$@"; }
if [[ -n $function ]]; then
  apply --selector "app.kubernetes.io/name=$function"
else
  # Functions that publish come second, so that Knative can give them K_SINK at their start.
  apply --selector 'vigia.dev/publishes!=true'
  vigia wait ksvc/error-notifier broker/default sinkbinding/publishers --for=condition=Ready --timeout=300s
  apply
fi
if [[ -n $function ]]; then
  vigia wait "ksvc/$function" --for=condition=Ready --timeout=300s
else
  vigia wait "job/migrate-${version//./-}" --for=condition=Complete --timeout=300s
  vigia wait ksvc --all --for=condition=Ready --timeout=300s
fi
echo "$overlay runs $version: $REGISTRY/vigia@$digest"
