// A link has the request in its fragment, which no server sees: a version, and the text, compressed. Never a token.

const VERSION = '1.';

/** What a link may be long: longer ones break in mails and chats. */
const LONGEST = 16_000;

async function through(bytes, transform) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}

/** The fragment of a text, or nothing where it would be too long. */
export async function fragmentOf(text) {
  const bytes = await through(text, new CompressionStream('deflate-raw'));
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const fragment = `#${VERSION}${encoded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
  return fragment.length > LONGEST ? undefined : fragment;
}

/** The text of a fragment, or nothing. */
export async function textOf(fragment) {
  if (!fragment.startsWith(`#${VERSION}`)) return undefined;
  try {
    const encoded = atob(fragment.slice(VERSION.length + 1).replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(encoded, (character) => character.charCodeAt(0));
    return new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw')));
  } catch {
    return undefined;
  }
}
