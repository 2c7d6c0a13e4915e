// Access to the D1 of a server under test, through a second Worker. Miniflare's own binding can block: it waits for the
// runtime without reading its log, and the runtime waits for the log to be read.

/** The second Worker, with the server's D1 databases. */
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

/** Opens the D1 through the second Worker at `url`. */
export function openDatabase(url) {
  async function batch(statements) {
    // A kept connection may just be closing: a test that blocks, as while a command runs, doesn't see it in time.
    const headers = { Connection: 'close' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(statements) });
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
