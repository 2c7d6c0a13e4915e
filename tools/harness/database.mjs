// The D1 of a server under test, as tests and scripts use it: through a Worker beside it. Miniflare's own binding waits for
// the runtime without reading what it logs, and the runtime for its log to be read, once there is much of it.

/** The Worker, given what D1 databases the server has. */
export const databaseWorker = (name, d1Databases) => ({
  name,
  modules: true,
  compatibilityDate: '2026-11-17',
  d1Databases,
  script: `
    export default {
      async fetch(request, { DB }) {
        const statements = await request.json();
        try {
          return Response.json(await DB.batch(statements.map(({ sql, values }) => DB.prepare(sql).bind(...values))));
        } catch (error) {
          return new Response(error.message, { status: 500 });
        }
      },
    };`,
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
});

/** The D1 behind the Worker at `url`. */
export function openDatabase(url) {
  async function batch(statements) {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(statements) });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return JSON.parse(text);
  }

  function prepare(sql, values = []) {
    const run = async () => (await batch([{ sql, values }]))[0];
    return {
      sql,
      values,
      bind: (...bound) => prepare(sql, bound),
      run,
      all: run,
      async first(column) {
        const [row = null] = (await run()).results;
        return row === null || column === undefined ? row : row[column];
      },
    };
  }

  return { prepare, batch };
}
