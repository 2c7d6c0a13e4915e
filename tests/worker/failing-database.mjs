// Wraps the Worker's D1 for failures.test.mjs: a request's headers say what goes wrong.
//
// `X-Test-Failure: before 2 D1_ERROR: …` makes the first two batches throw without having run, `after 1 …` makes the
// first one throw although it was committed, and `X-Test-Pass: 1` lets one batch pass before. `over 1000000 bytes` makes
// a batch throw in which a statement returns more. `X-Test-Random: 170` makes the next random bytes come out as 170
// each, so that a new id is one that exists.

/** The Rust binding goes by the name of the constructor. */
class D1Database {
  #db;
  #failures;

  constructor(db, [when, count, ...message], pass) {
    this.#db = db;
    this.#failures = { when, pass, left: Number(count), message: message.join(' ') };
  }

  prepare(query) {
    return this.#db.prepare(query);
  }

  async batch(statements) {
    if (this.#failures.pass > 0) {
      this.#failures.pass -= 1;
      return this.#db.batch(statements);
    }
    const { when, left, message } = this.#failures;
    if (left > 0 && when === 'before') this.#fail(message);
    const results = await this.#db.batch(statements);
    if (when === 'over' && results.some(({ results }) => bytes(results) > left)) {
      this.#fail('a statement returned too much');
    }
    if (when !== 'over' && left > 0) this.#fail(message);
    return results;
  }

  #fail(message) {
    this.#failures.left -= 1;
    throw new Error(message);
  }
}

const bytes = (value) => new TextEncoder().encode(JSON.stringify(value)).length;

const random = crypto.getRandomValues.bind(crypto);

export default function wrap(env, request) {
  const byte = request.headers.get('X-Test-Random');
  if (byte !== null) {
    crypto.getRandomValues = (array) => {
      crypto.getRandomValues = random;
      return array.fill(Number(byte));
    };
  }
  const failure = request.headers.get('X-Test-Failure');
  const pass = Number(request.headers.get('X-Test-Pass'));
  return failure === null ? env : { ...env, DB: new D1Database(env.DB, failure.split(' '), pass) };
}
