// Finds the UTC offsets of a time zone in the browser's data. The core applies them.

const DAY = 86_400;
/** Shorter than the time between two changes of an offset. */
const STEP = 20 * DAY;
const FIRST = Date.UTC(1970) / 1e3;
const LAST = Date.UTC(2050) / 1e3;

/**
 * The first offset of a zone, then each change as a Unix second and the new offset. Empty without a zone. A fixed offset,
 * such as +02:00, is parsed by `offsetOf`. Throws for an unknown zone.
 */
export function changes(zone, offsetOf) {
  if (!zone) return new Float64Array();
  const fixed = offsetOf(zone);
  return Float64Array.from(fixed === undefined ? offsets(zone) : [fixed]);
}

function offsets(timeZone) {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offset = (second) => {
    const { value } = format.formatToParts(second * 1e3).find(({ type }) => type === 'timeZoneName');
    const [, sign, hours, minutes, seconds] = /([+-])(\d+):(\d+):?(\d*)/.exec(value) ?? ['', '+', 0, 0, 0];
    return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + Number(seconds));
  };
  let before = offset(FIRST);
  const found = [before];
  for (let from = FIRST; from < LAST; from += STEP) {
    const after = offset(from + STEP);
    if (after === before) continue;
    let [low, high] = [from, from + STEP];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    found.push(high, after);
    before = after;
  }
  return found;
}
