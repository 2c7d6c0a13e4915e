// Anywhere but in workerd: the wasm is in the module, so that nothing is fetched or awaited.
import { initSync } from 'core';
import module from 'rules.wasm';
import { bind } from './api.js';

const rules = bind(initSync({ module }));

export const { validate, validateValue, closestCall, requestFromForm, codes, limits, parameters, clearable, version, build } = rules;
