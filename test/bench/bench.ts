/** A benchmark: `npm run bench -- <name>` runs `test/bench/<name>.ts`, which exports one as `bench`. */
export interface Bench {
  title: string
  /** Measures, with its comparison in the same run. `log` tells what goes on; what is returned becomes a table, or JSON. */
  run(log: (line: string) => void): Promise<{ columns: string[]; rows: (string | number)[][]; notes?: string[] }>
}
