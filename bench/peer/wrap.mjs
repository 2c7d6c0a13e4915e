// Wraps a Worker's D1 for measurements, the same for every Worker.
//
// `X-Delay: <milliseconds>` makes each round trip of a request to the database take so much longer. `X-Record: <name>` logs
// the statements of each round trip under that name, for `record` of statements.mjs.

/** The Rust binding goes by the name of the constructor. */
class D1Database {
  #db;
  #delay;
  #name;

  constructor(db, delay, name) {
    this.#db = db;
    this.#delay = delay;
    this.#name = name;
  }

  prepare(sql) {
    return new Statement(this, this.#db.prepare(sql), sql, []);
  }

  async batch(statements) {
    await this.trip(statements);
    return this.#db.batch(statements.map(({ statement }) => statement));
  }

  async trip(statements) {
    if (this.#name) {
      const trip = statements.map(({ sql, values }) => ({ sql, values }));
      console.log(JSON.stringify({ recording: this.#name, trip }));
    }
    if (this.#delay) await scheduler.wait(this.#delay);
  }
}

class Statement {
  #db;

  constructor(db, statement, sql, values) {
    this.#db = db;
    this.statement = statement;
    this.sql = sql;
    this.values = values;
  }

  bind(...values) {
    return new Statement(this.#db, this.statement.bind(...values), this.sql, values);
  }

  async all() {
    await this.#db.trip([this]);
    return this.statement.all();
  }
}

export default function wrap(env, { headers }) {
  const delay = Number(headers.get('X-Delay'));
  const name = headers.get('X-Record');
  return delay || name ? { ...env, DB: new D1Database(env.DB, delay, name) } : env;
}
