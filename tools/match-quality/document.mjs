// The charts and the table of docs/match-quality.md, from the figures that the simulation prints.
import { lineChart } from '../charts/svg.mjs';
import { number, table } from '../charts/table.mjs';

const percent = (share, digits = 0) => `${number(share * 100, digits)} %`;
const perHour = (rate) => {
  if (rate >= 3_600) return `${number(rate / 3_600)}/s`;
  return rate < 1 ? `${number(rate * 24)}/day` : `${number(rate)}/h`;
};
const point = (x, { value, low, high }) => [x, value, low, high];
const shares = { linear: true, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] };

/** The charts, by the names of their files. */
export function charts({ reports, density, reliability, kept }) {
  const from = `${number(reports)} simulated reports a point, with 95 % intervals.`;
  const described = (series, value) => series.map(({ name, points }) => `${name}: ${points.map(value).join(', ')}`).join('. ');
  return {
    'match-density': lineChart({
      title: 'Wrong matches, by how busy the network is',
      subtitle: `Clocks off by σ 45 s. ${from}`,
      description: `Share of matches that are wrong. ${described(density, (p) => `${perHour(p.calls_per_hour)} ${percent(p.wrong.value)}`)}.`,
      lines: density.map(({ name, points }, series) => ({
        label: name,
        series,
        points: points.map((p) => point(p.calls_per_hour, p.wrong)),
      })),
      xLabel: 'calls in the network',
      yLabel: 'wrong matches',
      xFormat: perHour,
      yFormat: (value) => percent(value),
      xAxis: { ticks: [1 / 24, 1, 10, 100, 1_000, 3_600, 36_000, 360_000] },
      yAxis: shares,
      gutter: 265,
    }),
    'match-reliability': lineChart({
      title: 'How often a match of a stated confidence is right',
      subtitle: `Above the dotted line, a confidence is cautious. ${from}`,
      description: `Share of matches that are right, by stated confidence. ${described(reliability, (p) => `${percent(p.stated)} stated, ${percent(p.right.value)} right`)}.`,
      lines: [
        { label: 'exact', series: 2, points: [[0, 0], [1, 1]], dashed: true },
        ...reliability.map(({ name, points }, at) => ({
          label: name,
          series: at < 2 ? at : at + 1,
          points: points.map((p) => point(p.stated, p.right)),
        })),
      ],
      xLabel: 'stated confidence',
      yLabel: 'right matches',
      xFormat: (value) => percent(value),
      yFormat: (value) => percent(value),
      xAxis: shares,
      yAxis: shares,
      gutter: 300,
      legend: true,
    }),
    'match-threshold': lineChart({
      title: 'How many matches a threshold keeps',
      subtitle: from,
      description: `Share of matches kept, by min_confidence. ${described(kept, (p) => `${p.threshold} ${percent(p.kept.value)}`)}.`,
      lines: kept.map(({ name, points }, series) => ({
        label: name,
        series,
        points: points.map((p) => point(p.threshold, p.kept)),
      })),
      xLabel: 'min_confidence',
      yLabel: 'matches kept',
      xFormat: String,
      yFormat: (value) => percent(value),
      xAxis: shares,
      yAxis: shares,
      gutter: 290,
      legend: true,
    }),
  };
}

/** A share with its interval: `1.1 % (1.0 to 1.3)`. */
const interval = ({ value, low, high, of }) =>
  of === 0 ? '–' : `${percent(value, 1)} (${number(low * 100, 1)} to ${number(high * 100, 1)})`;

function whatToSend(rows) {
  const head = ['Sent beside the start', 'Calls', 'Wrong', 'Kept at 0.8', 'Wrong of these', 'Kept at 0.95', 'Wrong of these'];
  const cells = (row) => [row.sent, row.calls, ...[row.wrong, row.kept_80, row.wrong_80, row.kept_95, row.wrong_95].map(interval)];
  return table(head, rows.map(cells));
}

/** The document with its figures. */
export function filled(document, figures) {
  const parts = { reports: `Each figure is from ${number(figures.reports)} simulated reports.`, table: whatToSend(figures.table) };
  return document.replace(/(<!-- figures: ([a-z]+) -->\n)[^]*?(<!-- end of figures -->)/g, (_, begin, name, end) =>
    `${begin}\n${parts[name]}\n\n${end}`,
  );
}
