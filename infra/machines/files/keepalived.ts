import type { Inventory } from '../inventory.ts'
import { balancerPorts as ports } from '../rules.ts'
import { header } from './header.ts'

/** /etc/keepalived/keepalived.conf of one load balancer: decides which of the two has the virtual IP. */
export const keepalived = (inventory: Inventory, balancer: Inventory['balancers'][number]): string => {
  const { virtualIp, balancers, lan } = inventory
  const peers = balancers.filter(({ name }) => name !== balancer.name).map(({ address }) => `        ${address}`)
  return `${header}
global_defs {
    router_id ${balancer.name}
    enable_script_security
    script_user nobody nogroup
    # Accepts packets only from the peer. There is no auth_pass: every packet would carry it unencrypted, which is why
    # VRRP's standard dropped it, and git must not contain a secret. An attacker who can forge an address in this LAN
    # can also forge ARP.
    vrrp_check_unicast_src
}

# Asks HAProxy over HTTP: a process that runs but does not answer, or sees no control plane, counts as failed.
vrrp_script haproxy {
    script "/usr/bin/curl -sf -m 1 -o /dev/null http://127.0.0.1:${ports.health}/healthz"
    interval 1
    timeout 2
    fall 2
    rise 2
    # More than the difference of the priorities, so that the address moves. The check changes the priority, but
    # causes no fault, so one load balancer has the address even when HAProxy fails on both. The setup of the first
    # control plane needs that.
    weight -${virtualIp.checkWeight}
}

vrrp_instance ${inventory.cluster} {
    state BACKUP
    interface ${virtualIp.interface}
    virtual_router_id ${virtualIp.routerId}
    priority ${balancer.priority}
    advert_int 1
    unicast_src_ip ${balancer.address}
    unicast_peer {
${peers.join('\n')}
    }
    virtual_ipaddress {
        ${virtualIp.address}/${lan.subnet.split('/')[1]}
    }
    track_script {
        haproxy
    }
}
`
}

/** A drop-in for keepalived.service that restarts keepalived, because Debian's unit does not. */
export const keepalivedRestart = (): string => `${header}[Service]
Restart=always
RestartSec=1
`
