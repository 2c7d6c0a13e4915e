// Links to a request. The fragment, which browsers never send to a server, has a version and the compressed text. It
// never has a token.

const VERSION = '1.';

/** The maximum length of a link, in characters. Longer links break in emails and chats. */
const LONGEST = 16_000;

async function through(bytes, transform) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}

/** The fragment for a text, or `undefined` if it would be too long. */
export async function fragmentOf(text) {
  const bytes = await through(text, new CompressionStream('deflate-raw'));
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const fragment = `#${VERSION}${encoded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
  return fragment.length > LONGEST ? undefined : fragment;
}

/** The text of a fragment, or `undefined` if it has none. */
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
