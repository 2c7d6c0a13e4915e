// Elements, without markup in texts.

export const at = (id) => document.getElementById(id);

/** An element with children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A button that is no form's. */
export function button(label, pressed, properties = {}) {
  const made = element('button', { type: 'button', ...properties }, label);
  made.addEventListener('click', pressed);
  return made;
}

/** A text of the registry or the document: what stands between backticks is code. */
export function prose(text) {
  return text.split('`').map((part, place) => (place % 2 === 1 ? element('code', {}, part) : part));
}

/** A block of text that can be scrolled, also from the keyboard. */
export function block(label, text) {
  return element('pre', { tabIndex: 0, role: 'region', ariaLabel: label }, element('code', {}, text));
}

const numbers = new Intl.NumberFormat('en');

/** How many there are of something. */
export const count = (number, word) => `${numbers.format(number)} ${word}${number === 1 ? '' : 's'}`;
