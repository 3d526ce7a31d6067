import type { Inventory } from '../inventory.ts'
import { balancerPorts as ports } from '../rules.ts'
import { header } from './header.ts'

/** /etc/keepalived/keepalived.conf of one balancer: who of the two holds the virtual IP. */
export const keepalived = (inventory: Inventory, own: Inventory['balancers'][number]): string => {
  const { virtualIp, balancers, lan } = inventory
  const peers = balancers.filter(({ name }) => name !== own.name).map(({ address }) => `        ${address}`)
  return `${header}
global_defs {
    router_id ${own.name}
    enable_script_security
    script_user nobody nogroup
    # Unicast, and only from the peer. No auth_pass: it would cross the LAN in the clear with every packet, VRRP's standard dropped
    # it for that, and a secret does not belong in git. Whoever can forge an address in this LAN can also forge ARP.
    vrrp_check_unicast_src
}

# Asks HAProxy itself: a process that runs and does not answer, or sees no control plane, is no use.
vrrp_script haproxy {
    script "/usr/bin/curl -sf -m 1 -o /dev/null http://127.0.0.1:${ports.health}/healthz"
    interval 1
    timeout 2
    fall 2
    rise 2
    # More than lies between the priorities, so the address moves. Not a fault: with HAProxy failing on both, one still has the
    # address, which is how the first control plane is made.
    weight -${virtualIp.checkWeight}
}

vrrp_instance ${inventory.cluster} {
    state BACKUP
    interface ${virtualIp.interface}
    virtual_router_id ${virtualIp.routerId}
    priority ${own.priority}
    advert_int 1
    unicast_src_ip ${own.address}
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

/** A drop-in for keepalived.service: Debian's unit leaves a keepalived that died dead. */
export const keepalivedRestart = (): string => `${header}[Service]
Restart=always
RestartSec=1
`
