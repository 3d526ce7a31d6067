import type { Inventory } from '../inventory.ts'
import { balancerPorts as ports } from '../rules.ts'
import { header } from './header.ts'

/**
 * haproxy.cfg of both load balancers: forwards the API of the cluster and the ports of its ingress, all as TCP. The
 * function is long because it contains the whole file.
 */
export const haproxy = ({ controlPlanes, workers, ingress, lan }: Inventory): string => `${header}
global
    log stdout format raw daemon notice
    user haproxy
    group haproxy
    chroot /var/lib/haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
    maxconn 8000

defaults
    mode tcp
    log global
    option tcplog
    option dontlog-normal
    # When a machine dies between two checks, HAProxy connects to another one and the client sees only a delay.
    timeout connect 500ms
    retries 3
    option redispatch 1

frontend kube-api
    bind :${ports.api}
    # Watches and \`kubectl logs -f\` can be silent for a long time.
    timeout client 1h
    default_backend control-planes

backend control-planes
    balance roundrobin
    timeout server 1h
    timeout check 2s
    option httpchk
    http-check send meth GET uri /readyz
    http-check expect status 200
    # The check uses TLS and trusts only the cluster's own CA. All certificates of kubeadm have the name "kubernetes".
    # A server that is marked down also loses its open connections, because a kubelet would wait for minutes on them.
    default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes inter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
${servers(controlPlanes, ports.api)}

frontend http
    bind :${ports.http}
    timeout client 11m
    default_backend workers-http

frontend https
    bind :${ports.https}
    timeout client 11m
    default_backend workers-https

# Kourier terminates TLS, because it has the certificates. It sees the load balancer's address as the client's, because
# its support of the PROXY protocol is experimental. 11 minutes are one more than the longest Knative request.
backend workers-http
    balance leastconn
    timeout server 11m
    default-server check inter 1s fall 2 rise 2
${servers(workers, ingress.http)}

backend workers-https
    balance leastconn
    timeout server 11m
    default-server check inter 1s fall 2 rise 2
${servers(workers, ingress.https)}

# For keepalived: answers 200 when this process runs and at least one control plane is up. Workers do not count, because
# when all are down, the other load balancer reaches none either. In a browser this port shows which servers are up
# (ssh -L ${ports.health}:127.0.0.1:${ports.health}).
frontend health
    bind 127.0.0.1:${ports.health}
    mode http
    option httplog
    timeout client 5s
    monitor-uri /healthz
    acl no_control_plane nbsrv(control-planes) lt 1
    monitor fail if no_control_plane
    stats enable
    stats uri /

frontend metrics
    bind :${ports.metrics}
    mode http
    option httplog
    timeout client 5s
    http-request deny unless { src ${lan.subnet} }
    http-request use-service prometheus-exporter if { path /metrics }
    http-request return status 404
`

const servers = (machines: Inventory['workers'], port: number) =>
  machines.map(({ name, address }) => `    server ${name} ${address}:${port}`).join('\n')
