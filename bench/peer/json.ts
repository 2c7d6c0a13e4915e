// A JSON parser that keeps numbers as written and repeated keys, limits the depth and knows the place of an error, which
// `JSON.parse` does not.

export type Code = 'json.syntax' | 'json.surrogate' | 'json.too_deep';

/** A number, as written. */
export class Numeral {
  constructor(readonly source: string) {}
}

/** The keys of an object in the order of the text, repeated ones included. */
export const KEYS = Symbol('keys');
export type Section = Record<string, unknown> & { [KEYS]: string[] };

export class SyntaxFault extends Error {
  constructor(
    readonly code: Code,
    readonly at: number,
  ) {
    super(code);
  }
}

const MAX_DEPTH = 32;
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = { true: true, false: false, null: null };

/** Reads a text. Objects have no prototype, so no key is special. */
export function parse(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.skip(SPACE);
  if (reader.at < text.length) throw new SyntaxFault('json.syntax', reader.at);
  return value;
}

class Reader {
  at = 0;

  constructor(readonly text: string) {}

  value(depth: number): unknown {
    this.skip(SPACE);
    const start = this.text[this.at];
    if (start === '{' || start === '[') {
      if (depth === MAX_DEPTH) throw new SyntaxFault('json.too_deep', this.at);
      this.at += 1;
      return start === '{' ? this.object(depth + 1) : this.array(depth + 1);
    }
    if (start === '"') return this.string();
    for (const [word, value] of Object.entries(WORDS)) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.skip(NUMBER);
    if (!number) throw this.fault();
    return new Numeral(number);
  }

  object(depth: number): Section {
    const object: Section = Object.assign(Object.create(null), { [KEYS]: [] });
    for (let more = !this.take('}'); more; more = this.more('}')) {
      this.skip(SPACE);
      if (this.text[this.at] !== '"') throw this.fault();
      const key = this.string();
      if (!this.take(':')) throw this.fault();
      object[KEYS].push(key);
      object[key] = this.value(depth);
    }
    return object;
  }

  array(depth: number): unknown[] {
    const array = [];
    for (let more = !this.take(']'); more; more = this.more(']')) array.push(this.value(depth));
    return array;
  }

  string(): string {
    const start = this.at++;
    let escaped = false;
    for (;;) {
      this.skip(PLAIN);
      const end = this.text[this.at];
      if (end === '"') break;
      if (end !== '\\' || this.at + 1 >= this.text.length) throw this.fault();
      escaped = true;
      this.at += 2;
    }
    this.at += 1;
    if (!escaped) return this.text.slice(start + 1, this.at - 1);
    let text;
    try {
      text = JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      throw new SyntaxFault('json.syntax', start);
    }
    if (!text.isWellFormed()) throw new SyntaxFault('json.surrogate', start);
    return text;
  }

  /** Whether another member follows. */
  more(close: string): boolean {
    if (this.take(',')) return true;
    if (this.take(close)) return false;
    throw this.fault();
  }

  take(sign: string): boolean {
    this.skip(SPACE);
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [''];
    this.at += found.length;
    return found;
  }

  fault(): SyntaxFault {
    return new SyntaxFault('json.syntax', this.at);
  }
}

/** `line L, column C`, both from 1, in characters. */
export function place(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `line ${lines.length}, column ${[...(lines.at(-1) ?? '')].length + 1}`;
}
