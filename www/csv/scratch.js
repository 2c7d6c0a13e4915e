// Files that the worker writes: in the origin's private file system, or, where there is none, as Blobs. They last as
// long as the page.

const PREFIX = 'call-outcomes-';
/** How much is gathered before it becomes part of a Blob. */
const GATHERED = 1 << 23;

let folder;

/** The folder of this worker, or nothing where files cannot be written. What closed pages left is removed. */
async function open() {
  try {
    const root = await navigator.storage.getDirectory();
    const name = PREFIX + crypto.randomUUID();
    await hold(name);
    const { held } = await navigator.locks.query();
    for await (const other of root.keys()) {
      const isLeft = other.startsWith(PREFIX) && !held.some((lock) => lock.name === other);
      if (isLeft) await root.removeEntry(other, { recursive: true });
    }
    const made = await root.getDirectoryHandle(name, { create: true });
    const probe = await made.getFileHandle('probe', { create: true });
    (await probe.createSyncAccessHandle()).close();
    return made;
  } catch {
    return null;
  }
}

/** Holds a lock for as long as this worker lives. */
function hold(name) {
  return new Promise((granted) => {
    navigator.locks.request(name, () => {
      granted();
      return new Promise(() => {});
    });
  });
}

/** Opens a file, emptied: `write` adds bytes, `close` returns what there is, and more can be written after it. */
export async function scratch(name) {
  folder ??= open();
  const place = await folder;
  return place ? privateFile(await place.getFileHandle(name, { create: true })) : blobFile();
}

async function privateFile(handle) {
  let access = await handle.createSyncAccessHandle();
  access.truncate(0);
  return {
    write(bytes) {
      access.write(bytes, { at: access.getSize() });
    },
    async reopen() {
      access = await handle.createSyncAccessHandle();
    },
    close() {
      access.close();
      return handle.getFile();
    },
  };
}

function blobFile() {
  let blob = new Blob();
  let parts = [];
  let size = 0;
  const gather = () => {
    blob = new Blob([blob, ...parts]);
    [parts, size] = [[], 0];
    return blob;
  };
  return {
    write(bytes) {
      parts.push(bytes);
      size += bytes.length;
      if (size > GATHERED) gather();
    },
    async reopen() {},
    async close() {
      return gather();
    },
  };
}
