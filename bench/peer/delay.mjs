// Makes each trip to the database as much longer as a request's `X-Delay` says, in milliseconds, the same for every Worker.

/** The Rust binding goes by the name of the constructor. */
class D1Database {
  #db;
  #delay;

  constructor(db, delay) {
    this.#db = db;
    this.#delay = delay;
  }

  prepare(query) {
    return new Statement(this.#db.prepare(query), this.#delay);
  }

  async batch(statements) {
    await scheduler.wait(this.#delay);
    return this.#db.batch(statements.map(({ statement }) => statement));
  }
}

class Statement {
  #delay;

  constructor(statement, delay) {
    this.statement = statement;
    this.#delay = delay;
  }

  bind(...values) {
    return new Statement(this.statement.bind(...values), this.#delay);
  }

  async all() {
    await scheduler.wait(this.#delay);
    return this.statement.all();
  }
}

export default function wrap(env, request) {
  const delay = request.headers.get('X-Delay');
  return delay === null ? env : { ...env, DB: new D1Database(env.DB, Number(delay)) };
}
