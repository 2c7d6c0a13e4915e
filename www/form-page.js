import { bindForm } from '/pkg/form.js';
import { load } from '/pkg/slim.js';

bindForm(document.querySelector('form'), { rules: await load('/pkg/rules.wasm') });
