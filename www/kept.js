// What a page loaded stays there for when there is no network.

/** The addresses of what this page, or this worker, loaded. */
export const loaded = () => [location.pathname, ...performance.getEntriesByType('resource').map(({ name }) => name)];

/** Keeps these; `kept` is called once they are. */
export async function keep(addresses, kept) {
  const { serviceWorker } = navigator;
  // Not where a page is not served securely, nor in every private window.
  if (!serviceWorker) return;
  serviceWorker.addEventListener('message', kept);
  await serviceWorker.register('/offline.js');
  (await serviceWorker.ready).active.postMessage(addresses);
}
