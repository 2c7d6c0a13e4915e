// The floor: the statements of a report in one batch, and nothing else. No route, no rule and no token is checked, and the
// answer is the rows as the database returns them.
import statements from 'recorded:statements';

const DAY = 86_400_000;
let token;

export default {
  async fetch(request, { DB }) {
    const { search, call_outcome, oauth_token } = await request.json();
    const { outcome_name, partner_unique_id, description } = call_outcome;
    const start = Number(search.start_time_t);
    token ??= await hash(oauth_token);
    const values = {
      token,
      name: outcome_name,
      name_key: outcome_name.toLowerCase(),
      partner_unique_id,
      patch: `{"description":"${description}","occurred_at":1440607999,"sale_cents":1250050,"custom_1":"Boston"}`,
      candidate: newId(),
      now: Math.floor(Date.now() / 1000),
      transaction_id: search.transaction_id,
      start,
      earliest: start - DAY,
      latest: start + DAY,
      calling_phone: search.calling_phone_number,
      duration: Number(search.duration_in_seconds),
    };
    const batch = statements[Object.keys(search).sort().join()].map(({ sql, sources }) =>
      DB.prepare(sql).bind(...sources.map(({ name, constant = null }) => values[name] ?? constant)),
    );
    const results = await DB.batch(batch);
    const wrote = results.some(({ meta }) => meta.rows_written > 0);
    return Response.json(
      results.map(({ results }) => results),
      { status: wrote ? 201 : 200 },
    );
  },
};

async function hash(text) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return hex(new Uint8Array(digest));
}

function newId() {
  const digits = hex(crypto.getRandomValues(new Uint8Array(7))).toUpperCase();
  return `00${digits.slice(0, 6)}-${digits.slice(6)}`;
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
