// The routes, which the two TypeScript Workers share. Each has a store of its own.
import { type Context, Hono } from 'hono';
import { type Answer, error, refuse, warningsHeader } from './answers';
import { KEYS, type Section, SyntaxFault, parse, place } from './json';
import { type Report, type Warning, read, tokenOf } from './rules';

export interface Env {
  DB: D1Database;
}

/** A report and who sends it. `now` in seconds. */
export interface Ask {
  report: Report;
  token_hash: string;
  path_network?: string;
  now: number;
}

/** The cost of requests to the database. */
export class Cost {
  trips = 0;
  read = 0;
  written = 0;

  /** Counts a trip and returns its results. */
  async of<T>(trip: Promise<D1Result<T>[]>): Promise<T[][]> {
    this.trips += 1;
    const results = await trip;
    for (const { meta } of results) {
      this.read += meta.rows_read ?? 0;
      this.written += meta.rows_written ?? 0;
    }
    return results.map(({ results }) => results);
  }

  /** As `of`, for the rows of one statement. */
  async rows<T>(statement: D1PreparedStatement): Promise<T[]> {
    const [rows = []] = await this.of(statement.all<T>().then((result) => [result]));
    return rows;
  }
}

export type Store = (db: D1Database, ask: Ask, cost: Cost) => Promise<Answer>;
/** Answers the rows of a batch, some of which the rules have refused already. */
export type BatchStore = (db: D1Database, rows: (Ask | Answer)[], cost: Cost) => Promise<Answer[]>;

const MAX_BODY = 65_536;
const API_VERSION = '2015-08-17';
const SANE_ID = /^[A-Za-z0-9._:-]{1,128}$/;

const hex = (bytes: ArrayBuffer) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const hash = async (token: string) => hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));

/** Shard 0 and 56 random bits. */
export function newId(): string {
  const digits = hex(crypto.getRandomValues(new Uint8Array(7)).buffer).toUpperCase();
  return `00${digits.slice(0, 6)}-${digits.slice(6)}`;
}

export function app(store: Store, batchStore?: BatchStore) {
  const app = new Hono<{ Bindings: Env }>();

  const report = async (context: Context<{ Bindings: Env }>) => {
    const began = Date.now();
    const cost = new Cost();
    const { answer, warnings } = await handle(context, store, cost);
    const sent = context.req.header('X-Request-Id');
    const request_id = sent && SANE_ID.test(sent) ? sent : crypto.randomUUID();
    const shown = warningsHeader(warnings);
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      'X-Request-Id': request_id,
      'X-Api-Version': API_VERSION,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      ...(answer.code && { 'X-Error-Code': answer.code }),
      ...(answer.status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...(answer.status === 503 && { 'Retry-After': '2' }),
      ...(shown && { 'X-Warnings': shown }),
      ...(cost.trips > 0 && {
        'X-Database-Cost': `trips=${cost.trips} rows_read=${cost.read} rows_written=${cost.written}`,
      }),
    };
    console.log(
      JSON.stringify({ request_id, status: answer.status, code: answer.code, milliseconds: Date.now() - began, ...cost }),
    );
    return context.body(JSON.stringify(answer.body), answer.status as 200, headers);
  };
  for (const network of ['', '/:network']) {
    for (const suffix of ['', '.json']) {
      const path = `/api/:version${network}/call_outcomes${suffix}`;
      app.on(['POST', 'PUT'], path, report);
      app.all(path, (context) => {
        const { body, status } = refuse('method.not_allowed');
        return context.body(JSON.stringify(body), status as 405, { Allow: 'POST, PUT' });
      });
    }
  }
  if (batchStore) {
    app.post('/api/:version/call_outcomes/batch', async (context) => {
      const cost = new Cost();
      const { results, status } = await handleBatch(context, batchStore, cost);
      const request_id = context.req.header('X-Request-Id') ?? crypto.randomUUID();
      console.log(JSON.stringify({ request_id, status, ...cost }));
      return context.json(results as object, status as 200, {
        'X-Request-Id': request_id,
        'X-Database-Cost': `trips=${cost.trips} rows_read=${cost.read} rows_written=${cost.written}`,
      });
    });
  }
  app.notFound((context) => context.json(refuse('route.not_found').body as object, 404));
  return app;
}

interface Handled {
  answer: Answer;
  warnings: Warning[];
}

async function handle(context: Context<{ Bindings: Env }>, store: Store, cost: Cost): Promise<Handled> {
  if (!isDate(context.req.param('version') ?? '')) return { answer: refuse('version.invalid'), warnings: [] };
  const body = await context.req.arrayBuffer();
  if (body.byteLength > MAX_BODY) return { answer: refuse('body.too_large'), warnings: [] };
  const root = parseBody(body);
  if ('answer' in root) return { answer: root.answer as Answer, warnings: [] };
  const inBody = tokenOf(root);
  const inHeader = context.req.header('Authorization')?.replace(/^(?:Bearer|Token) +/i, '');
  const token = inBody === null ? inHeader : inBody;
  const { report, problems, warnings } = read(root);
  if (token === undefined || token.trim() === '') return { answer: refuse('token.missing'), warnings };
  if (!report) {
    const messages = problems.map(({ message }) => message).join(', ');
    const text = `Validation failed: ${messages}`;
    return { answer: error(403, 'RecordInvalid', text, problems[0]?.code ?? ''), warnings };
  }
  const ask = {
    report,
    token_hash: await hash(token),
    path_network: context.req.param('network'),
    now: Math.floor(Date.now() / 1000),
  };
  return { answer: await store(context.env.DB, ask, cost), warnings };
}

/** Answers `{"call_outcomes": [...], "oauth_token": "..."}`. Only valid requests are measured. */
async function handleBatch(context: Context<{ Bindings: Env }>, store: BatchStore, cost: Cost) {
  const body = await context.req.arrayBuffer();
  const root = parseBody(body);
  const token = 'answer' in root ? undefined : tokenOf(root as Section);
  if (!token) return { results: refuse('token.missing').body, status: 401 };
  const token_hash = await hash(token);
  const now = Math.floor(Date.now() / 1000);
  const sent = (root as Section).call_outcomes as Section[];
  const rows = sent.map((row) => {
    const { report, problems } = read(row);
    if (report) return { report, token_hash, now };
    const messages = problems.map(({ message }) => message).join(', ');
    return error(403, 'RecordInvalid', `Validation failed: ${messages}`, problems[0]?.code ?? '');
  });
  const answers = await store(context.env.DB, rows, cost);
  const results = answers.map(({ status, body }, index) => ({ index, row: sent[index]?.row, status, body }));
  const failed = answers.filter(({ status }) => status >= 400).length;
  return { results: { results }, status: failed > 0 ? 207 : 200 };
}

/** Parses a body to an object, or returns the answer to a body that isn't one. */
function parseBody(body: ArrayBuffer): Section | { answer: Answer } {
  const fail = (code: string, text: string) => ({ answer: error(400, 'ParseError', text, code) });
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    const shown = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
    return fail('json.encoding', `the body is not valid UTF-8 at ${place(shown, shown.indexOf('\ufffd'))}`);
  }
  try {
    const value = parse(text);
    if (typeof value === 'object' && value !== null && KEYS in value) return value as Section;
    return fail('json.not_an_object', 'the body is not a JSON object at line 1, column 1');
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault;
    return fail(fault.code, `the body is not valid JSON at ${place(text, fault.at)}`);
  }
}

function isDate(version: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(version)) return false;
  const date = new Date(`${version}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(version);
}
