/** A benchmark. `npm run bench -- <name>` runs the export `bench` of `test/bench/<name>.ts`. */
export interface Bench {
  title: string
  /**
   * Measures Vigia and the program that Vigia is compared with, and returns the rows of a table. `log` is called with
   * lines about the progress.
   */
  run(log: (line: string) => void): Promise<{ columns: string[]; rows: (string | number)[][]; notes?: string[] }>
}
