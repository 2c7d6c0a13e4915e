// Makes a page work offline, by caching the files that it loaded.

/** The URLs of the files that this page, or this worker, loaded. */
export const loaded = () => [location.pathname, ...performance.getEntriesByType('resource').map(({ name }) => name)];

/** Caches these URLs, and calls `kept` when that is done. */
export async function keep(addresses, kept) {
  const { serviceWorker } = navigator;
  // Browsers have no service workers on insecure origins and in some private windows.
  if (!serviceWorker) return;
  serviceWorker.addEventListener('message', kept);
  await serviceWorker.register('/offline.js');
  (await serviceWorker.ready).active.postMessage(addresses);
}
