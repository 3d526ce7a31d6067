/** A parsed expression of CloudEvents SQL. */
export type Expression =
  | { kind: 'literal'; value: Value }
  | { kind: 'attribute'; name: string }
  | { kind: 'exists'; name: string }
  | { kind: 'not'; operand: Expression }
  | { kind: 'negate'; operand: Expression }
  | { kind: 'like'; operand: Expression; pattern: RegExp }
  | { kind: 'in'; operand: Expression; set: Expression[] }
  | { kind: 'logic'; operator: 'AND' | 'OR' | 'XOR'; left: Expression; right: Expression }
  | { kind: 'comparison'; operator: '=' | '!=' | '<' | '<=' | '>' | '>='; left: Expression; right: Expression }
  | { kind: 'arithmetic'; operator: '+' | '-' | '*' | '/' | '%'; left: Expression; right: Expression }
  | { kind: 'call'; name: string; arguments: Expression[] }

export type Value = string | number | boolean
export type ValueType = 'string' | 'integer' | 'boolean'
