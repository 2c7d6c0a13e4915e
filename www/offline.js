// Keeps the site's files for when there is no network, and takes the network's while there is one. Never the API.
const NAME = 'site';

const isFile = ({ method, url }) => method === 'GET' && new URL(url).origin === location.origin && !new URL(url).pathname.startsWith('/api/');

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

/** A page tells what it loaded before this script was there, and hears when all of it is kept. */
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
