// For Cloudflare Workers, which can import wasm but not compile it from bytes.
import { initSync } from 'core';
import module from './rules.wasm';
import { bind } from './api.js';

const rules = bind(initSync({ module }));

export const { validate, validateValue, closestCall, requestFromForm, codes, limits, parameters, clearable, version, build } = rules;
