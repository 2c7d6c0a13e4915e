// Creates elements. Text is never parsed as markup.

export const at = (id) => document.getElementById(id);

/** Creates an element with children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Creates a button that does not submit a form. */
export function button(label, pressed, properties = {}) {
  const made = element('button', { type: 'button', ...properties }, label);
  made.addEventListener('click', pressed);
  return made;
}

/** The nodes of a text from the registry or the OpenAPI document, with the parts between backticks as code. */
export function prose(text) {
  return text.split('`').map((part, place) => (place % 2 === 1 ? element('code', {}, part) : part));
}

/** Creates a block of code that can also be scrolled with the keyboard. */
export function block(label, text) {
  return element('pre', { tabIndex: 0, role: 'region', ariaLabel: label }, element('code', {}, text));
}

const numbers = new Intl.NumberFormat('en');

/** A number with its noun, such as `1 row` or `2 rows`. */
export const count = (number, word) => `${numbers.format(number)} ${word}${number === 1 ? '' : 's'}`;
