// The ingress gateway of the test cluster. It takes the place of Kourier, which Go's module proxy does not have: it
// serves the Ingresses that Knative Serving makes, and sets their status.
//
// It listens on :8080 for requests from outside the cluster, on :8081 for requests from the cluster (HTTP/1.1 and
// HTTP/2 without TLS), and on :8082 for the readiness probe. It uses the kubeconfig that KUBECONFIG names, or the
// pod's service account.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	// After SIGTERM requests still arrive until kube-proxy knows that the pod is leaving.
	noticeTime = time.Second
	// Less than the pod's terminationGracePeriodSeconds.
	drainTime = 25 * time.Second
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	// The messages of client-go.
	klog.SetSlogLogger(slog.Default())
	if err := run(); err != nil {
		slog.Error("the gateway ended", "error", err.Error())
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Without KUBECONFIG it uses the pod's service account.
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100
	proxy := newProxy()
	proxy.routes.Store(&routes{})
	var ready atomic.Bool
	failed := make(chan error, 4)
	// The last routes stay in use while requests are finished.
	go func() { failed <- watch(ctx, config, proxy, func() { ready.Store(ctx.Err() == nil) }) }()
	servers := []*http.Server{
		listen(":8080", proxy.public, failed),
		listen(":8081", proxy.local, failed),
	}
	probe := listen(":8082", func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/ready" || !ready.Load() || ctx.Err() != nil {
			response.WriteHeader(http.StatusServiceUnavailable)
		}
	}, failed)
	defer probe.Close()
	select {
	case err := <-failed:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
	}
	slog.Info("the gateway finishes its requests")
	time.Sleep(noticeTime)
	drain(servers)
	return nil
}

// listen starts a server for HTTP/1.1 and for HTTP/2 without TLS. A fault is sent to the channel.
func listen(address string, handler http.HandlerFunc, failed chan<- error) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Addr: address, Handler: handler, Protocols: protocols}
	go func() {
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			failed <- err
		}
	}()
	return server
}

// drain waits until the requests in progress have ended, and closes the connections of those that take too long.
func drain(servers []*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var group sync.WaitGroup
	for _, server := range servers {
		group.Go(func() {
			if err := server.Shutdown(ctx); err != nil {
				slog.Error("requests were cut off", "listener", server.Addr, "error", err.Error())
				server.Close()
			}
		})
	}
	group.Wait()
}
