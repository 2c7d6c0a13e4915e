// For pages that load the wasm themselves.
import init from 'core';
import { bind } from './api.js';

export async function load(source) {
  return bind(await init({ module_or_path: await source }));
}
