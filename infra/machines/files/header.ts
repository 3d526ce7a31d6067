/** The line that every generated file contains, as a comment with `#`. */
export const header =
  '# Generated from infra/machines/inventory.yaml by `npm run machines`: edit that file, not this one.\n'
