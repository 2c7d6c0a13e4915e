// The service worker: serves the site's files from the network, or from a cache when offline. It never caches the API.
const NAME = 'site';

const isFile = ({ method, url }) => method === 'GET' && new URL(url).origin === location.origin && !new URL(url).pathname.startsWith('/api/');

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

/** Caches what a page loaded before this script ran, and tells the page when that is done. */
addEventListener('message', (event) => event.waitUntil(keep(event.data).then(() => event.source.postMessage('kept'))));

async function keep(urls) {
  const addresses = new Set(urls.map((url) => new URL(url, location.origin).href));
  const requests = [...addresses].map((address) => new Request(address)).filter(isFile);
  await (await caches.open(NAME)).addAll(requests);
}

addEventListener('fetch', (event) => {
  if (isFile(event.request)) event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(NAME);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
