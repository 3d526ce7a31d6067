// The CRDs of Argo Workflows, for test/cluster/argo.test.ts. The module is downloaded, compared with its sum in go.sum, and only read, so
// there are no requirements. Its two lines in go.sum are the sums that `go mod download -json <module>@<version>` prints.
module vigia.dev/test/cluster/argo

go 1.26.0
