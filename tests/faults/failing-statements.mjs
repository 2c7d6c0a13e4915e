// Wraps the Worker's D1 for failing-statements.test.mjs: `X-Fault`, JSON, says what of a request goes wrong, and the archive
// tells how many statements each trip of a request to the database had.
//
// `{trip, statement, message}` makes one statement of a batch fail, in the database, behind those before it; without
// `statement` the batch is committed and fails then. With `persists` the database fails ever after.

// It is prepared without a complaint and fails when it runs.
const FAILING = "SELECT json('{')";

/** The Rust binding goes by the name of the constructor. */
class D1Database {
  #env;
  #id;
  #fault;
  #trips = [];

  constructor(env, id, fault) {
    this.#env = env;
    this.#id = id;
    this.#fault = fault;
  }

  prepare(query) {
    return this.#env.DB.prepare(query);
  }

  async batch(statements) {
    this.#trips.push(statements.length);
    if (this.#id) await this.#env.ARCHIVE.put(`trips:${this.#id}`, JSON.stringify(this.#trips));
    const { trip, statement, persists, message } = this.#fault ?? {};
    const trips = this.#trips.length;
    const fails = trips === trip || (persists && trips > trip);
    if (!fails) return this.#env.DB.batch(statements);
    if (statement === undefined) await this.#env.DB.batch(statements);
    else await this.#failAt(statements, statement % statements.length);
    throw new Error(message);
  }

  async #failAt(statements, place) {
    const failing = this.#env.DB.prepare(FAILING);
    const failed = await this.#env.DB.batch(statements.with(place, failing)).catch(() => null);
    if (failed) throw new Error('the statement that fails did not');
  }
}

export default function wrap(env, request) {
  const fault = JSON.parse(request.headers.get('X-Fault'));
  const id = request.headers.get('X-Count');
  return fault || id ? { ...env, DB: new D1Database(env, id, fault) } : env;
}
