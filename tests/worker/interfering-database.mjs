// Wraps the Worker's D1 to change data between its trips, or the facts that a trip returns.
//
// `X-Test-Between: <SQL>` runs statements, separated by `;`, behind the first batch of a request and before the next.
// `X-Test-Facts: {"10": null}` changes places of the first row that the first statement of the first batch returns, a
// list in JSON: `report_context.sql`. The Worker then decides by other facts than those by which the database stored.

/** Named as the runtime's class: the Rust binding checks the name of the constructor. */
class D1Database {
  #db;
  #between;
  #facts;

  constructor(db, between, facts) {
    this.#db = db;
    this.#between = between;
    this.#facts = facts;
  }

  prepare(query) {
    return this.#db.prepare(query);
  }

  async batch(statements) {
    const results = await this.#db.batch(statements);
    const between = this.#between;
    this.#between = null;
    if (between) await this.#db.batch(between.split(';').map((statement) => this.#db.prepare(statement)));
    const [row] = results[0].results;
    if (this.#facts && row) {
      row.json = JSON.stringify(Object.assign(JSON.parse(row.json), JSON.parse(this.#facts)));
      this.#facts = null;
    }
    return results;
  }
}

export default function wrap(env, { headers }) {
  return { ...env, DB: new D1Database(env.DB, headers.get('X-Test-Between'), headers.get('X-Test-Facts')) };
}
