import { Ajv, type ErrorObject } from 'ajv'
import { formatPath, parseYaml } from '#infra/files/yaml-lines.ts'
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
  const { document, broken, lineOf } = parseYaml(text)
  if (broken) throw new InventoryFault(`${file}:${broken.line}: ${broken.reason}`)
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

const fieldOf = (path: Path) => formatPath(path) || 'the inventory'

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
