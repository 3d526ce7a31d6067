// The CRDs of the tests for manifests. They come from the modules of the projects that define them (test/cluster-files/support/crds.ts).
// go.sum is the list: each module at each version that has a line there is downloaded, compared with its sum, and only read.
// There are no requirements, because a list of requirements allows one version of a module, and Knative Serving has two here.
// To add a version: its two lines in go.sum, as `go mod download -json <module>@<version>` prints their sums.
module vigia.dev/test/crds

go 1.26.0
