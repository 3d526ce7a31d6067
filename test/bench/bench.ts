/** A benchmark. `npm run bench -- <name>` runs the export `bench` of `test/bench/<name>.ts`. */
export interface Bench {
  title: string
  /**
   * Measures Vigia and what it is compared with, and returns the rows of a table. `log` gets lines about the progress.
   */
  run(log: (line: string) => void): Promise<{ columns: string[]; rows: (string | number)[][]; notes?: string[] }>
}
