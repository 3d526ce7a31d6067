package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/client/clientset/versioned"
	"knative.dev/networking/pkg/client/informers/externalversions"
)

const class = "kourier.ingress.networking.knative.dev"

// The Services in gateway.yaml. Knative points the names of its own Services to them.
var (
	publicBalancer  = balancer("kourier.knative-serving.svc.cluster.local")
	privateBalancer = balancer("kourier-internal.knative-serving.svc.cluster.local")
)

func balancer(domain string) []v1alpha1.LoadBalancerIngressStatus {
	return []v1alpha1.LoadBalancerIngressStatus{{DomainInternal: domain}}
}

// watch replaces the proxy's routes at each change of an Ingress, calls ready, and then writes the status of the
// Ingresses. It returns when the context ends, or with an error.
func watch(ctx context.Context, config *rest.Config, proxy *proxy, ready func()) error {
	client, err := versioned.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := externalversions.NewSharedInformerFactory(client, 0)
	ingresses := factory.Networking().V1alpha1().Ingresses()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err = ingresses.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	notify()
	logged := map[string]string{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		listed, err := ingresses.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		ours := slices.DeleteFunc(listed, func(ingress *v1alpha1.Ingress) bool {
			return ingress.Annotations[networking.IngressClassAnnotationKey] != class
		})
		routes, failed := newRoutes(ours)
		proxy.routes.Store(routes)
		logged = logChanges(logged, ours, failed)
		ready()
		for _, ingress := range ours {
			if err := writeStatus(ctx, client, ingress, failed[keyOf(ingress)]); err != nil && ctx.Err() == nil {
				slog.Error("the status was not written", "ingress", keyOf(ingress), "error", err.Error())
				time.AfterFunc(time.Second, notify)
			}
		}
	}
}

// logChanges writes a line for each Ingress that is new, has changed or is gone. It returns the state of the Ingresses,
// which the next call gets as `before`.
func logChanges(before map[string]string, ingresses []*v1alpha1.Ingress, failed map[string]error) map[string]string {
	after := map[string]string{}
	for _, ingress := range ingresses {
		key, failure := keyOf(ingress), failed[keyOf(ingress)]
		after[key] = fmt.Sprint(ingress.UID, ingress.Generation, failure)
		if before[key] == after[key] {
			continue
		}
		if failure != nil {
			slog.Error("the Ingress has rules that are not served", "ingress", key, "error", failure.Error())
			continue
		}
		hosts := []string{}
		for _, rule := range ingress.Spec.Rules {
			hosts = append(hosts, rule.Hosts...)
		}
		slog.Info("the Ingress is served", "ingress", key, "generation", ingress.Generation, "hosts", hosts)
	}
	for key := range before {
		if _, remains := after[key]; !remains {
			slog.Info("the Ingress is no longer served", "ingress", key)
		}
	}
	return after
}

// writeStatus says that the routes of an Ingress are ready, or why not. It writes only a status that differs.
func writeStatus(ctx context.Context, client versioned.Interface, cached *v1alpha1.Ingress, failure error) error {
	api := client.NetworkingV1alpha1().Ingresses(cached.Namespace)
	ingress := cached
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		wanted := ingress.DeepCopy()
		wanted.Status.InitializeConditions()
		wanted.Status.ObservedGeneration = cached.Generation
		if failure == nil {
			wanted.Status.MarkNetworkConfigured()
			wanted.Status.MarkLoadBalancerReady(publicBalancer, privateBalancer)
		} else {
			wanted.Status.MarkIngressNotReady("NotServed", failure.Error())
		}
		if equality.Semantic.DeepEqual(wanted.Status, ingress.Status) {
			return nil
		}
		_, err := api.UpdateStatus(ctx, wanted, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return err
		}
		newest, getErr := api.Get(ctx, cached.Name, metav1.GetOptions{})
		if getErr != nil {
			return errors.Join(getErr, err)
		}
		// A newer version of the rules comes with its own event.
		if newest.Generation != cached.Generation {
			return nil
		}
		ingress = newest
		return err
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
