package main

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
)

// routes are the rules of all Ingresses by their hosts. They never change: each change of an Ingress makes new ones.
type routes struct {
	// public has the hosts with the visibility ExternalIP, and all has every host.
	public, all map[string]*rule
}

// rule is what a host serves.
type rule struct {
	paths []v1alpha1.HTTPIngressPath
	// redirected is true when every request is answered with its address under https.
	redirected bool
}

// newRoutes makes the routes of Ingresses. The older Ingress keeps a host that two of them name. The second result has
// the reason for each Ingress that is not served, or is served in part, by its key.
func newRoutes(ingresses []*v1alpha1.Ingress) (*routes, map[string]error) {
	made := &routes{public: map[string]*rule{}, all: map[string]*rule{}}
	failed := map[string]error{}
	ingresses = slices.Clone(ingresses)
	slices.SortFunc(ingresses, func(a, b *v1alpha1.Ingress) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(keyOf(a), keyOf(b)))
	})
	owners := map[string]string{}
	for _, ingress := range ingresses {
		key := keyOf(ingress)
		for _, described := range ingress.Spec.Rules {
			if err := supported(described); err != nil {
				failed[key] = errors.Join(failed[key], err)
				continue
			}
			external := described.Visibility != v1alpha1.IngressVisibilityClusterLocal
			served := &rule{
				paths:      described.HTTP.Paths,
				redirected: external && ingress.Spec.HTTPOption == v1alpha1.HTTPOptionRedirected,
			}
			for _, host := range described.Hosts {
				host = strings.ToLower(host)
				if owner, taken := owners[host]; taken && owner != key {
					failed[key] = errors.Join(failed[key], fmt.Errorf("the host %s belongs to the Ingress %s", host, owner))
					continue
				}
				if _, taken := made.all[host]; taken {
					continue
				}
				owners[host] = key
				made.all[host] = served
				if external {
					made.public[host] = served
				}
			}
		}
	}
	return made, failed
}

func keyOf(ingress *v1alpha1.Ingress) string {
	return ingress.Namespace + "/" + ingress.Name
}

// supported returns why the gateway cannot serve a rule, or nil. Knative names ports only by their numbers.
func supported(described v1alpha1.IngressRule) error {
	if described.HTTP == nil {
		return fmt.Errorf("the rule of %v has no http", described.Hosts)
	}
	for _, path := range described.HTTP.Paths {
		if len(path.Splits) == 0 {
			return fmt.Errorf("the path %q of %v has no splits", path.Path, described.Hosts)
		}
		for _, split := range path.Splits {
			if split.ServicePort.Type != intstr.Int {
				return fmt.Errorf("the port of %s is %q; it must be a number", split.ServiceName, split.ServicePort.StrVal)
			}
		}
	}
	return nil
}

// pathOf returns the first path whose prefix and headers match a request, or nil.
func (r *rule) pathOf(request *http.Request) *v1alpha1.HTTPIngressPath {
	for i := range r.paths {
		path := &r.paths[i]
		if strings.HasPrefix(request.URL.Path, path.Path) && headersMatch(path.Headers, request.Header) {
			return path
		}
	}
	return nil
}

// headersMatch compares like Kourier: an empty value in the rule matches every request that has the header.
func headersMatch(wanted map[string]v1alpha1.HeaderMatch, header http.Header) bool {
	for name, match := range wanted {
		values := header.Values(name)
		if len(values) == 0 || (match.Exact != "" && strings.Join(values, ",") != match.Exact) {
			return false
		}
	}
	return true
}

// splitOf chooses one of a path's services at random, weighted by their percentages.
func splitOf(path *v1alpha1.HTTPIngressPath) *v1alpha1.IngressBackendSplit {
	total := 0
	for _, split := range path.Splits {
		total += split.Percent
	}
	if len(path.Splits) > 1 && total > 0 {
		number := rand.IntN(total)
		for i := range path.Splits {
			if number -= path.Splits[i].Percent; number < 0 {
				return &path.Splits[i]
			}
		}
	}
	return &path.Splits[0]
}

// backendOf returns the address of a split's service, and whether it speaks HTTP/2. The final dot keeps the resolver
// from trying the pod's search domains first.
func backendOf(split *v1alpha1.IngressBackendSplit) (address string, http2 bool) {
	port := split.ServicePort.IntValue()
	address = fmt.Sprintf("%s.%s.svc.cluster.local.:%d", split.ServiceName, split.ServiceNamespace, port)
	return address, port == networking.ServiceHTTP2Port
}
