// The enforcer of NetworkPolicies of the test cluster, because CNI's bridge plugin enforces none. It runs in the
// network namespace of the node, and writes the policies of the API server as one table of nftables.
//
// It needs nft on PATH, CAP_NET_ADMIN, and bridge-nf-call-iptables=1 in this network namespace, so that packets from
// pod to pod on the bridge pass the hooks of IP. Its chains come after kube-proxy's, and therefore see the address of a
// pod instead of a Service's. The kubeconfig is the one that KUBECONFIG names. With --check it only says whether this
// machine has what it needs.
//
// The rules know a pod from the moment its status has an address. Before that no policy limits what the pod sends or
// receives, but a policy that selects its peer may drop its packets, because that policy does not allow the unknown
// address. Afterwards also its existing connections are checked: Knative's activator may connect to a new pod before
// the rules know the pod, and keeps the connection. The table stays when the program ends, so a restart allows nothing
// more.
//
// It prints a line of JSON when policies have dropped packets of a pod.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	debounce   = 50 * time.Millisecond
	pollTime   = 2 * time.Second
	retryPause = time.Second
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	// The messages of client-go.
	klog.SetSlogLogger(slog.Default())
	onlyCheck := flag.Bool("check", false, "exit with 0 if nftables and br_netfilter work here")
	flag.Parse()
	err := check()
	if err == nil && !*onlyCheck {
		err = run()
	}
	if err != nil {
		slog.Error("the enforcer ended", "error", err.Error())
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	policies := factory.Networking().V1().NetworkPolicies()
	pods := factory.Core().V1().Pods()
	namespaces := factory.Core().V1().Namespaces()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	}
	for _, informer := range []cache.SharedIndexInformer{policies.Informer(), pods.Informer(), namespaces.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	list := func() cluster {
		// A lister reads its cache and cannot fail.
		known := cluster{}
		known.policies, _ = policies.Lister().List(labels.Everything())
		known.pods, _ = pods.Lister().List(labels.Everything())
		known.namespaces, _ = namespaces.Lister().List(labels.Everything())
		return known
	}
	notify()
	enforce(ctx, list, changed, notify)
	return nil
}

// enforce keeps the table equal to the cluster, and reports what it drops, until the context ends.
func enforce(ctx context.Context, list func() cluster, changed <-chan struct{}, notify func()) {
	poll := time.NewTicker(pollTime)
	defer poll.Stop()
	applied := ""
	var drops drops
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			if applied != "" {
				drops.report()
			}
			continue
		case <-changed:
		}
		// Changes come in groups: a pod's status, the policies of one kubectl apply.
		time.Sleep(debounce)
		known := list()
		rules, err := ruleset(known)
		if err == nil && rules != applied {
			if applied != "" {
				drops.report()
			}
			if err = apply(rules); err == nil {
				slog.Info("the rules are in force", "policies", len(known.policies), "pods", len(known.pods))
				applied = rules
				drops.restart()
			}
		}
		if err != nil {
			slog.Error("the previous rules stay in force", "error", err.Error())
			time.AfterFunc(retryPause, notify)
		}
	}
}
