// Limits the memory of a WebAssembly module, for tests that exhaust it.
import assert from 'node:assert/strict';

const PAGE = 65_536;
const MEMORY_SECTION = 5;

/** The pages that a module starts with, and the place of the memory section in its bytes. */
function memory(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const begin = at;
    const section = bytes[at++];
    const end = number() + at;
    if (section === MEMORY_SECTION) {
      const [memories, flags, least] = [number(), number(), number()];
      assert.deepEqual([memories, flags], [1, 0]);
      return { begin, end, least };
    }
    at = end;
  }
}

const leb = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)]);

/** Limits a module's memory to the pages that `most` returns for those it starts with. */
function limited(bytes, most) {
  const { begin, end, least } = memory(bytes);
  const limits = [1, 1, ...leb(least), ...leb(most(least))];
  return Buffer.concat([bytes.subarray(0, begin), Buffer.from([MEMORY_SECTION, limits.length, ...limits]), bytes.subarray(end)]);
}

/** Limits how many bytes a module's memory can grow by. */
export const growingBy = (more) => (bytes) => limited(bytes, (least) => least + more / PAGE);

/** Limits a module's memory to so many bytes. */
export const holding = (most) => (bytes) => limited(bytes, () => most / PAGE);
