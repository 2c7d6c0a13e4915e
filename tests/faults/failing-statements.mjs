// Wraps the Worker's D1 for failing-statements.test.mjs. The header `X-Fault`, in JSON, makes a request fail, and the archive
// counts the statements of each trip of a request to the database.
//
// `{trip, statement, message}` makes one statement of a batch fail in the database, after those before it. Without
// `statement`, the batch is committed and then fails. With `persists`, the database keeps failing.

// This statement can be prepared, and fails when it runs.
const FAILING = "SELECT json('{')";

/** Named as the runtime's class: the Rust binding checks the name of the constructor. */
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
