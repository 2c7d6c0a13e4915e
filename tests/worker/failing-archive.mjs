// Wraps the Worker's KV namespace for archive.test.mjs: it fails each look-up of a request with `X-Test-Archive: down`.
export default function wrap(env, request) {
  if (request.headers.get('X-Test-Archive') !== 'down') return env;
  const fail = async () => {
    throw new Error('KV GET failed: 500 Internal Server Error');
  };
  return { ...env, ARCHIVE: { get: fail, getWithMetadata: fail, put: fail, list: fail, delete: fail } };
}
