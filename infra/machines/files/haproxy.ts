import type { Inventory } from '../inventory.ts'
import { balancerPorts as ports } from '../rules.ts'
import { header } from './header.ts'

/** /etc/haproxy/haproxy.cfg of both balancers: the API of the cluster and the doors of its ingress, all passed on as TCP. */
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
    # A machine that dies between two checks: the connection is tried again elsewhere, and the client sees only a delay.
    timeout connect 500ms
    retries 3
    option redispatch 1

frontend kube-api
    bind :${ports.api}
    # Watches and \`kubectl logs -f\` are silent for long.
    timeout client 1h
    default_backend control-planes

backend control-planes
    balance roundrobin
    timeout server 1h
    timeout check 2s
    option httpchk
    http-check send meth GET uri /readyz
    http-check expect status 200
    # The check speaks TLS and believes only the cluster's own CA; every API server of kubeadm's is called "kubernetes", too.
    # Marked down, it also loses its open connections: a kubelet would wait on them for minutes.
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

# TLS ends in Kourier, which has the certificates. It sees the balancer's address as the client's: its support of the PROXY
# protocol is experimental. 11 minutes are one more than a Knative request may take.
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

# What keepalived asks: this process runs, and at least one control plane answers it. Workers do not count: were they all gone,
# the other balancer would see none either. In a browser (ssh -L ${ports.health}:127.0.0.1:${ports.health}) it shows who is up.
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
