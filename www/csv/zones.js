// The offsets of a time zone, from what the browser knows of it. Rust converts the times.

const DAY = 86_400;
/** Shorter than the time between two changes of an offset. */
const STEP = 20 * DAY;
const FIRST = Date.UTC(1970) / 1e3;
const LAST = Date.UTC(2050) / 1e3;

/**
 * A zone by its first offset and its changes: from which Unix second on which offset applies. Undefined without a zone.
 * `offsetOf` reads an offset such as +02:00. Throws for an unknown zone.
 */
export function zoneOffsets(zone, offsetOf) {
  if (!zone) return undefined;
  const fixed = offsetOf(zone);
  return fixed === undefined ? offsets(zone) : { first: fixed, changes: [] };
}

function offsets(timeZone) {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offset = (second) => {
    const { value } = format.formatToParts(second * 1e3).find(({ type }) => type === 'timeZoneName');
    const [, sign, hours, minutes, seconds] = /([+-])(\d+):(\d+):?(\d*)/.exec(value) ?? ['', '+', 0, 0, 0];
    return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + Number(seconds));
  };
  const first = offset(FIRST);
  const changes = [];
  let before = first;
  for (let from = FIRST; from < LAST; from += STEP) {
    const after = offset(from + STEP);
    if (after === before) continue;
    let [low, high] = [from, from + STEP];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    changes.push([high, after]);
    before = after;
  }
  return { first, changes };
}
