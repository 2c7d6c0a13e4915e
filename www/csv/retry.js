// Decides whether to send a request again: it was answered, it is refused for good, or it should be retried after some time.
// The command that loads calls uses this too.

/** The limits of the delay that a server can ask for, in seconds. */
const SHORTEST = 1;
const LONGEST = 3_600;

/** Statuses of temporary failures. */
const PASSING = [429, 500, 502, 503, 504];

// The three date formats of HTTP; the last one does not say that it is UTC.
const DATES = [
  [/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/, ''],
  [/^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/, ''],
  [/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/, ' GMT'],
];

/** Parses a date in HTTP into milliseconds, or NaN. */
function dateOf(text) {
  const form = DATES.find(([pattern]) => pattern.test(text));
  return form ? Date.parse(text + form[1]) : NaN;
}

/**
 * The seconds that `Retry-After` asks to wait. A date is relative to the `Date` of the same headers, as two clocks differ.
 * Undefined if the header is missing or malformed.
 */
export function retryAfter(headers) {
  const text = headers.get('Retry-After')?.trim() ?? '';
  const date = dateOf(headers.get('Date') ?? '');
  const now = Number.isNaN(date) ? Date.now() : date;
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((dateOf(text) - now) / 1e3);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, SHORTEST), LONGEST);
}

/** The seconds to wait before a retry, after so many, if the server does not say. */
export const backOff = (times) => Math.min(2 ** times, 60);

/**
 * The outcome of a request: `{ answer, headers }` if `isAnswer` accepts the JSON; `{ refused, status }` with the reason if it
 * is refused for good; or `{ again, after }` with the reason to retry, and the seconds to wait if the server says.
 */
export async function outcomeOf(request, isAnswer) {
  try {
    const { status, headers, answer } = await read(request);
    if (isAnswer(answer)) return { answer, headers };
    const { class: name, invalid_data: message } = answer?.errors ?? {};
    if (name && !PASSING.includes(status)) return { refused: `${status} ${name}: ${message}`, status };
    const again = name ? `${status} ${name}: ${message}` : `${status} without an answer of this API`;
    return { again, after: retryAfter(headers) };
  } catch (error) {
    return { again: `no answer (${error.cause?.code ?? error.message})` };
  }
}

async function read(request) {
  const response = await request;
  const { status, headers } = response;
  const text = await response.text();
  try {
    return { status, headers, answer: JSON.parse(text) };
  } catch {
    // The body is empty, or the page of a proxy.
    return { status, headers };
  }
}
