import { Ajv, type ErrorObject } from 'ajv'
import Type, { type Static } from 'typebox'
import { isMap, isNode, isPair, isScalar, LineCounter, type Pair, parseDocument } from 'yaml'
import { inventoryFaults } from './rules.ts'

const closed = { additionalProperties: false }
const address = Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,3}){3}$' })
const subnet = Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$' })
const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const hostName = Type.String({ pattern: `^${label}$` })
const domain = Type.String({ pattern: `^${label}(\\.${label})+$` })
const image = Type.String({ pattern: '^[a-z0-9][a-z0-9/._-]*:[A-Za-z0-9._-]+$' })
// What Kubernetes hands out as NodePorts unless told otherwise.
const nodePort = Type.Integer({ minimum: 30000, maximum: 32767 })
const machine = Type.Object({ name: hostName, address }, closed)

const schema = Type.Object(
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
        // The kernel's limit is 15 bytes.
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

/** The machines of a cluster on premises. Addresses are IPv4, subnets CIDRs, ports numbers. */
export type Inventory = Static<typeof schema>
export type Machine = Static<typeof machine>

/** Where in the inventory something is: `['balancers', 1, 'address']`. */
export type Path = (string | number)[]

/** The inventory cannot be built as it is. The message has a line for each fault: file, line, field, reason. */
export class InventoryFault extends Error {
  override name = 'InventoryFault'
}

const shape = new Ajv({ allErrors: true }).compile<Inventory>(schema)

/** Reads an inventory; `file` is what messages call it. Throws InventoryFault. */
export const readInventory = (file: string, text: string): Inventory => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const [broken] = document.errors
  if (broken) throw new InventoryFault(`${file}:${lines.linePos(broken.pos[0]).line}: ${broken.message.split('\n')[0]}`)
  const lineOf = (path: Path): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
      const key = path[depth - 1]
      const pair = isMap(parent) && (parent.items as Pair[]).find(one => isScalar(one.key) && one.key.value === key)
      const node = isPair(pair) ? pair.key : document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const refuse = (faults: [Path, string][]) => {
    const said = faults.map(([path, reason]) => `${file}:${lineOf(path)}: ${fieldOf(path)} ${reason}`)
    if (said.length > 0) throw new InventoryFault(said.join('\n'))
  }
  const inventory: unknown = document.toJS()
  if (!shape(inventory)) {
    refuse(shape.errors!.map(shapeFault))
    throw new InventoryFault(`${file}: is no inventory`)
  }
  refuse(inventoryFaults(inventory))
  return inventory
}

const fieldOf = (path: Path) =>
  path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '') || 'the inventory'

const shapeFault = ({ instancePath, keyword, params, message }: ErrorObject): [Path, string] => {
  const path: Path = instancePath
    .split('/')
    .slice(1)
    .map(step => (/^\d+$/.test(step) ? Number(step) : step))
  if (keyword === 'additionalProperties')
    return [
      [...path, params.additionalProperty],
      'is a key that an inventory does not have; remove it or correct its name',
    ]
  if (keyword === 'required') return [[...path, params.missingProperty], 'is missing']
  return [path, message!]
}
