// Reads a file of any encoding as chunks of UTF-8. The command `load-calls` uses this too.

/** The supported encodings, by their names in TextDecoder. */
export const ENCODINGS = ['utf-8', 'windows-1252', 'utf-16le', 'utf-16be'];

/** How many bytes the format is detected from. */
export const SAMPLE = 1 << 18;

const MARKS = { 'utf-8': [0xef, 0xbb, 0xbf], 'utf-16le': [0xff, 0xfe], 'utf-16be': [0xfe, 0xff] };
const begins = (bytes, mark) => mark.every((byte, at) => bytes[at] === byte);

/** Detects the encoding of a file from its first bytes: by a byte order mark, or else by whether they are UTF-8. */
export async function detect(file) {
  const bytes = new Uint8Array(await file.slice(0, SAMPLE).arrayBuffer());
  const marked = Object.keys(MARKS).find((name) => begins(bytes, MARKS[name]));
  if (marked) return marked;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

/** The first bytes of a file, as UTF-8. */
export async function sample(file, encoding) {
  const parts = [];
  for await (const { bytes } of chunks(file.slice(0, SAMPLE), encoding)) parts.push(bytes);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * The chunks of a file as UTF-8, none empty. UTF-8 is not decoded, so invalid bytes become a problem of their row.
 */
export async function* chunks(file, encoding) {
  const first = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  const body = encoding === 'utf-8' && begins(first, MARKS['utf-8']) ? file.slice(3) : file;
  const decoder = encoding === 'utf-8' ? null : new TextDecoder(encoding);
  const encoder = new TextEncoder();
  const reader = body.stream().getReader();
  for (;;) {
    const { value, done } = await reader.read();
    const bytes = decoder ? encoder.encode(decoder.decode(value, { stream: !done })) : value;
    if (bytes?.length > 0) yield { bytes, read: value?.length ?? 0 };
    if (done) return;
  }
}
