// Tables in Markdown, and numbers in them.

const NUMBER = /^[\d.,]+×?$/;

/** A table in which columns of numbers are aligned to the right. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const isNumeric = (at) => rows.every((row) => NUMBER.test(row[at]) || row[at] === '–');
  const ruler = `|${head.map((_, at) => (isNumeric(at) ? '--:' : '---')).join('|')}|`;
  return [line(head), ruler, ...rows.map(line)].join('\n');
}

/** A number with so many digits behind the point, and commas between thousands. */
export const number = (value, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** How many times as much: `2.1×`. */
export const times = (value) => `${value.toFixed(value < 10 ? 2 : 0)}×`;
