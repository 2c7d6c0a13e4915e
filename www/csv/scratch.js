// The worker's temporary files: in the origin private file system, or else in memory as Blobs. They last as long as the page.

const PREFIX = 'call-outcomes-';
/** How many bytes are collected before they are added to a Blob. */
const GATHERED = 1 << 23;

let folder;

/** The folder of this worker, or null if files cannot be written. Removes the folders of pages that were closed. */
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

/** Opens an empty file. After it was closed, `open` continues at its end. */
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
    /** Closes the file, and returns what was written. */
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
