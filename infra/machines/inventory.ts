import { Ajv, type ErrorObject } from 'ajv'
import { isMap, isNode, isPair, isScalar, LineCounter, type Pair, parseDocument } from 'yaml'
import { type Inventory, inventorySchema, type Path } from './inventory-schema.ts'
import { inventoryFaults } from './rules.ts'

export type { Inventory, Machine } from './inventory-schema.ts'

/** The inventory is not valid. The message has a line for each fault: file, line, field, reason. */
export class InventoryFault extends Error {
  override name = 'InventoryFault'
}

const shape = new Ajv({ allErrors: true }).compile<Inventory>(inventorySchema)

/** Parses an inventory. `file` is its name in messages. Throws InventoryFault when it is not valid. */
export const readInventory = (file: string, text: string): Inventory => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const [broken] = document.errors
  if (broken) throw new InventoryFault(`${file}:${lines.linePos(broken.pos[0]).line}: ${broken.message.split('\n')[0]}`)
  const lineOf = (path: Path): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
      const key = path[depth - 1]
      const pair = isMap(parent) && (parent.items as Pair[]).find(item => isScalar(item.key) && item.key.value === key)
      const node = isPair(pair) ? pair.key : document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const refuse = (faults: [Path, string][]) => {
    const messages = faults.map(([path, reason]) => `${file}:${lineOf(path)}: ${fieldOf(path)} ${reason}`)
    if (messages.length > 0) throw new InventoryFault(messages.join('\n'))
  }
  const inventory: unknown = document.toJS()
  if (!shape(inventory)) {
    refuse(shape.errors!.map(shapeFault))
    throw new InventoryFault(`${file}: is not a valid inventory`)
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
    return [[...path, params.additionalProperty], 'is not a known key; remove it or correct its name']
  if (keyword === 'required') return [[...path, params.missingProperty], 'is missing']
  return [path, message!]
}
