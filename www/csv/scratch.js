// Temporary files of the worker, in the origin's private file system, or as Blobs if there is none. They are deleted
// after the page is closed.

const PREFIX = 'call-outcomes-';
/** How many bytes are gathered before they become part of a Blob. */
const GATHERED = 1 << 23;

let folder;

/** Opens the folder of this worker, or returns `null` if files can't be written. Removes what closed pages left. */
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

/** Opens an empty file. After it is closed and opened again, writing appends to it. */
export async function scratch(name) {
  folder ??= open();
  const place = await folder;
  const made = place ? privateFile(await place.getFileHandle(name, { create: true })) : blobFile();
  await made.open();
  made.empty();
  return made;
}

function privateFile(handle) {
  let access;
  return {
    async open() {
      access = await handle.createSyncAccessHandle();
    },
    empty() {
      access.truncate(0);
    },
    write(bytes) {
      access.write(bytes, { at: access.getSize() });
    },
    /** The content written so far. Later writes do not change it. */
    file() {
      access.close();
      return handle.getFile();
    },
    close() {
      access.close();
    },
  };
}

function blobFile() {
  let blob;
  let parts = [];
  let size = 0;
  const file = () => {
    blob = new Blob([blob, ...parts]);
    [parts, size] = [[], 0];
    return blob;
  };
  return {
    open() {},
    empty() {
      blob = new Blob();
    },
    write(bytes) {
      parts.push(bytes);
      size += bytes.length;
      if (size > GATHERED) file();
    },
    file,
    close() {},
  };
}
