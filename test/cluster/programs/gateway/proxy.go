package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// proxy answers requests by the routes, which are replaced while it runs.
type proxy struct {
	routes       atomic.Pointer[routes]
	http1, http2 *http.Transport
}

func newProxy() *proxy {
	return &proxy{http1: newTransport(false), http2: newTransport(true)}
}

// newTransport keeps connections to services, and has no timeout except for connecting.
func newTransport(http2 bool) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	return &http.Transport{
		DialContext:         dial,
		Protocols:           protocols,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 200,
		IdleConnTimeout:     30 * time.Second,
	}
}

// dial connects to a service. It tries again when the service refuses, because kube-proxy needs a moment after a
// service has got its first pod or has lost its last. No part of a request is sent before a connection is open.
func dial(ctx context.Context, _, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	for _, pause := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond} {
		// The cluster has only IPv4. Without the 4, each connection would also look up an IPv6 address.
		connection, err := dialer.DialContext(ctx, "tcp4", address)
		var fault net.Error
		if err == nil || (errors.As(err, &fault) && fault.Timeout()) {
			return connection, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
	return dialer.DialContext(ctx, "tcp4", address)
}

// public serves the hosts with the visibility ExternalIP.
func (p *proxy) public(response http.ResponseWriter, request *http.Request) {
	p.serve(p.routes.Load().public, response, request)
}

// local serves all hosts, for requests from the cluster.
func (p *proxy) local(response http.ResponseWriter, request *http.Request) {
	p.serve(p.routes.Load().all, response, request)
}

func (p *proxy) serve(hosts map[string]*rule, response http.ResponseWriter, request *http.Request) {
	rule := hosts[hostOf(request)]
	if rule == nil {
		http.Error(response, "no Ingress has this host", http.StatusNotFound)
		return
	}
	path := rule.pathOf(request)
	if path == nil {
		http.Error(response, "no path of the Ingress matches", http.StatusNotFound)
		return
	}
	if rule.redirected {
		target := url.URL{Scheme: "https", Host: hostOf(request), Path: request.URL.Path, RawPath: request.URL.RawPath,
			RawQuery: request.URL.RawQuery}
		http.Redirect(response, request, target.String(), http.StatusMovedPermanently)
		return
	}
	split := splitOf(path)
	backend, http2 := backendOf(split)
	transport := p.http1
	if http2 {
		transport = p.http2
	}
	reverse := httputil.ReverseProxy{
		Transport: transport,
		// Each part of a response is passed on at once.
		FlushInterval: -1,
		Rewrite: func(proxied *httputil.ProxyRequest) {
			proxied.Out.URL.Scheme, proxied.Out.URL.Host = "http", backend
			proxied.Out.URL.RawQuery = proxied.In.URL.RawQuery
			if path.RewriteHost != "" {
				proxied.Out.Host = path.RewriteHost
			}
			forward(proxied)
			for _, added := range []map[string]string{split.AppendHeaders, path.AppendHeaders} {
				for name, value := range added {
					proxied.Out.Header.Set(name, value)
				}
			}
		},
		ErrorHandler: func(response http.ResponseWriter, request *http.Request, err error) {
			if request.Context().Err() == nil {
				slog.Error("the service did not answer", "host", request.Host, "service", backend, "error", err.Error())
			}
			http.Error(response, "the service did not answer", http.StatusServiceUnavailable)
		},
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	reverse.ServeHTTP(response, request)
}

// forward sets the headers about the client as Kourier's Envoy does: it passes them on, and adds only the protocol.
// The activator and queue-proxy add the address of their own client.
func forward(proxied *httputil.ProxyRequest) {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values := proxied.In.Header.Values(name); len(values) > 0 {
			proxied.Out.Header[name] = slices.Clone(values)
		}
	}
	if proxied.Out.Header.Get("X-Forwarded-Proto") == "" {
		proxied.Out.Header.Set("X-Forwarded-Proto", "http")
	}
}

// hostOf returns a request's host without the port.
func hostOf(request *http.Request) string {
	host := request.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(host)
}
