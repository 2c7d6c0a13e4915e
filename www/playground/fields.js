// The form view of the request. It edits the editor's text, and changes only the value of the edited field.
import { button, element, prose } from '../dom.js';
import { label } from './findings.js';
import { dateOf, describe, rules, times } from './server.js';

/** Fills an element with a field for each parameter. Returns functions that update and focus them. */
export function createFields(parent, editor, apply) {
  const fields = new Map();
  const note = element('p', { className: 'unreadable', hidden: true }, 'The text is not a JSON object. Correct it in the JSON view. ');
  note.append(button('Start with an empty object', () => (editor.text = '{}')));
  parent.append(note);
  for (const [section, names] of Object.entries(rules.parameters)) {
    const group = element('fieldset', {}, element('legend', {}, element('code', {}, section)));
    for (const name of names) {
      const id = `field-${section}-${name}`;
      const input = element('input', { id, autocomplete: 'off', spellcheck: false });
      const about = element('p', { id: `${id}-about`, className: 'about' }, ...prose(describe(section, name)));
      const said = element('div', { id: `${id}-said`, className: 'said' });
      input.setAttribute('aria-describedby', `${said.id} ${about.id}`);
      input.addEventListener('input', () => {
        // An empty field is not sent. To clear a stored value, write "" in the JSON view.
        editor.set(section, name, input.value === '' ? undefined : JSON.stringify(input.value));
      });
      group.append(element('div', { className: 'field' }, element('label', { htmlFor: id }, name), input, said, about));
      fields.set(`/${section}/${name}`, { section, name, input, said });
    }
    parent.append(group);
  }

  function shown(text, { from, to } = {}) {
    if (from === undefined) return '';
    const value = JSON.parse(text.slice(from, to));
    return typeof value === 'string' ? value : text.slice(from, to);
  }

  return {
    /** Shows the values of the text, with their problems and warnings. */
    refresh(problems, warnings) {
      const { text } = editor;
      const readable = isObject(text);
      note.hidden = readable;
      for (const group of parent.querySelectorAll('fieldset')) group.disabled = !readable;
      for (const [pointer, { section, name, input, said }] of fields) {
        const value = readable ? shown(text, editor.members(section)?.get(name)) : '';
        if (input.value !== value) input.value = value;
        const of = (list) => list.filter((finding) => finding.pointer === pointer);
        const date = times.some(([, time]) => time === name) && value && dateOf(section, name, value);
        input.setAttribute('aria-invalid', String(of(problems).length > 0));
        said.replaceChildren(
          ...(date ? [element('p', { className: 'date' }, date)] : []),
          ...[...of(problems), ...of(warnings)].map((finding) => line(finding, problems.includes(finding))),
        );
      }
    },
    /** Focuses the field that a finding is about. */
    focus({ pointer }) {
      const [, section] = pointer.split('/');
      const inside = [...fields].find(([, field]) => field.section === section) ?? [...fields][0];
      (fields.get(pointer) ?? inside[1]).input.focus();
    },
  };

  function line(finding, isProblem) {
    const text = element('p', { className: isProblem ? 'problem' : 'warning' }, finding.message);
    if (finding.fix !== undefined) text.append(' ', button(label(finding), () => apply(finding)));
    return text;
  }
}

/** Whether a text is a JSON object. */
export function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
