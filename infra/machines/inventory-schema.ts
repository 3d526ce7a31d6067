import Type, { type Static } from 'typebox'

const closed = { additionalProperties: false }
const address = Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,3}){3}$' })
const subnet = Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$' })
const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const hostName = Type.String({ pattern: `^${label}$` })
const domain = Type.String({ pattern: `^${label}(\\.${label})+$` })
const image = Type.String({ pattern: '^[a-z0-9][a-z0-9/._-]*:[A-Za-z0-9._-]+$' })
// The default range of Kubernetes' NodePorts.
const nodePort = Type.Integer({ minimum: 30000, maximum: 32767 })
const machine = Type.Object({ name: hostName, address }, closed)

/** The shape of inventory.yaml. */
export const inventorySchema = Type.Object(
  {
    cluster: hostName,
    lan: Type.Object({ subnet, domain }, closed),
    kubernetes: Type.Object(
      { version: Type.String({ pattern: '^1\\.\\d+\\.\\d+$' }), podSubnet: subnet, serviceSubnet: subnet },
      closed,
    ),
    virtualIp: Type.Object(
      {
        address,
        name: domain,
        // Linux limits the name of a network interface to 15 bytes.
        interface: Type.String({ pattern: '^[a-zA-Z0-9._-]{1,15}$' }),
        routerId: Type.Integer({ minimum: 1, maximum: 255 }),
        checkWeight: Type.Integer({ minimum: 1, maximum: 253 }),
      },
      closed,
    ),
    balancers: Type.Array(
      Type.Object({ name: hostName, address, priority: Type.Integer({ minimum: 1, maximum: 254 }) }, closed),
      { minItems: 2, maxItems: 2 },
    ),
    controlPlanes: Type.Array(machine, { minItems: 3, maxItems: 7 }),
    workers: Type.Array(machine, { minItems: 1 }),
    ingress: Type.Object({ http: nodePort, https: nodePort }, closed),
    registry: Type.Object({ name: domain, port: Type.Integer({ minimum: 1, maximum: 65535 }), address }, closed),
    etcdBackup: Type.Object(
      {
        schedule: Type.String({ minLength: 1 }),
        keep: Type.Integer({ minimum: 1 }),
        folder: Type.String({ pattern: '^(/[A-Za-z0-9._-]+)+$' }),
        etcdImage: image,
        shellImage: image,
      },
      closed,
    ),
  },
  closed,
)

/** The machines of an on-premise cluster. Addresses are IPv4, subnets are CIDRs, ports are numbers. */
export type Inventory = Static<typeof inventorySchema>
export type Machine = Static<typeof machine>

/** The path of a value in the inventory: `['balancers', 1, 'address']`. */
export type Path = (string | number)[]
