/** The first line of every file that is written from the inventory, in a language whose comments begin with `#`. */
export const header =
  '# Written from infra/machines/inventory.yaml by `npm run machines`: edit that file, not this one.\n'
