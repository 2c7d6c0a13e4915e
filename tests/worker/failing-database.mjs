// Wraps the Worker's D1 for database-failures.test.mjs: a request's headers say what goes wrong.
//
// `X-Test-Failure: before 2 D1_ERROR: …` makes the first two batches throw without having run, `after 1 …` makes the
// first one throw although it was committed, and `X-Test-Pass: 1` lets one batch pass before. `over 1000000 bytes` makes
// a batch throw in which a statement returns more. `X-Test-Random: 170` makes the next random bytes come out as 170
// each, so that a new id is one that exists. `X-Test-Steps: name` keeps what the request does, batches and pauses in
// milliseconds, in the archive as `steps:name`.

/** Named as the runtime's class: the Rust binding checks the name of the constructor. */
class D1Database {
  #db;
  #failures;
  #step;

  constructor(db, [when, count, ...message], pass, step) {
    this.#db = db;
    this.#failures = { when, pass, left: Number(count), message: message.join(' ') };
    this.#step = step;
  }

  prepare(query) {
    return this.#db.prepare(query);
  }

  async batch(statements) {
    await this.#step('batch');
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
const timer = globalThis.setTimeout;

/** Keeps the steps of a request under a name. */
function recorder(archive, name) {
  const steps = [];
  globalThis.setTimeout = (action, milliseconds, ...args) => {
    steps.push(milliseconds);
    return timer(action, milliseconds, ...args);
  };
  return async (step) => {
    steps.push(step);
    await archive.put(`steps:${name}`, JSON.stringify(steps));
  };
}

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
  if (failure === null) return env;
  const name = request.headers.get('X-Test-Steps');
  const step = name === null ? () => {} : recorder(env.ARCHIVE, name);
  return { ...env, DB: new D1Database(env.DB, failure.split(' '), pass, step) };
}
