const weekdays = [
  'segunda seg segundas monday mon mondays',
  'terca ter tercas tuesday tue tues tuesdays',
  'quarta qua quartas wednesday wed wednesdays',
  'quinta qui quintas thursday thu thurs thursdays',
  'sexta sex sextas friday fri fridays',
  'sabado sab sabados saturday sat saturdays',
  'domingo dom domingos sunday sun sundays',
]

/** The weekday that a folded word names: 1 is Monday, 7 is Sunday. Null for other words. */
export const weekdayNamed = (word: string): number | null => {
  const plain = word.replace(/-feira$/, '')
  const at = weekdays.findIndex(names => names.split(' ').includes(plain))
  return at < 0 ? null : at + 1
}
