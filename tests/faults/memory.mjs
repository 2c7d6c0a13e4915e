// The Worker's WebAssembly with a limit to its memory.
import assert from 'node:assert/strict';

const MEMORY_SECTION = 5;
const CONTINUES = 0x80;

/** Returns a function that limits a module's memory to `pages` of 64 KiB beyond what it starts with. */
export function limitMemory(pages) {
  return (bytes) => {
    let at = 8;
    const number = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++];
        value |= (byte & ~CONTINUES) << shift;
        if (byte < CONTINUES) return value;
      }
    };
    for (;;) {
      const begin = at;
      const section = bytes[at++];
      const end = number() + at;
      if (section === MEMORY_SECTION) {
        const [memories, flags, least] = [number(), number(), number()];
        assert.deepEqual([memories, flags], [1, 0]);
        const limits = [1, 1, ...leb(least), ...leb(least + pages)];
        return Buffer.concat([bytes.subarray(0, begin), Buffer.from([MEMORY_SECTION, limits.length, ...limits]), bytes.subarray(end)]);
      }
      at = end;
    }
  };
}

const leb = (value) => (value < CONTINUES ? [value] : [(value & ~CONTINUES) | CONTINUES, ...leb(value >> 7)]);
