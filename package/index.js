// For every runtime but workerd. The wasm is part of the module, so nothing is fetched or awaited.
import { initSync } from 'core';
import module from 'rules.wasm';
import { bind } from './api.js';

const rules = bind(initSync({ module }));

export const { validate, validateValue, closestCall, requestFromForm, codes, limits, parameters, clearable, version, build } = rules;
