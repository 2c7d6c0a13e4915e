// Binds a form to the rules through the browser's constraint validation: where problems are shown, and when.

export function bindForm(form, settings = {}) {
  const { rules, options, clears = [], messages = {}, title = 'Please check what you entered', summary } = settings;
  if (form.elements.namedItem('oauth_token')) {
    throw new Error('A token does not belong into a page: let the backend that this form posts to add it.');
  }
  const requestOf = (data) => rules.requestFromForm(data, { clears });
  const validate = () => rules.validateValue(requestOf(new FormData(form)), options);
  // Misuse throws here, before the form is changed.
  validate();
  const listening = new AbortController();
  const { noValidate } = form;
  const box = summary ?? form.insertBefore(document.createElement('div'), form.firstChild);
  const ownBox = box !== summary;
  /** The names of the fields that a person has left, or all once the form was submitted. */
  const seen = new Set();
  let shown = [];

  /** The fields of a parameter: one, or the buttons of a group. */
  const fieldsOf = (name) => [...form.elements].filter((field) => field.name === name);
  const namesIn = (section) => rules.parameters[section] ?? Object.values(rules.parameters).flat();

  /** The name of the field that shows a problem. A problem of no single field is shown at the first field of its section. */
  function nameOf({ pointer }) {
    const [, section, name] = pointer.split('/');
    const isField = (name) => name !== undefined && fieldsOf(name).length > 0;
    return isField(name) ? name : namesIn(section).find(isField) ?? namesIn().find(isField);
  }

  function textOf(problem) {
    const message = messages[problem.code];
    if (message !== undefined) return typeof message === 'function' ? message(problem) : message;
    const entry = rules.codes.find(({ code }) => code === problem.code);
    // The registry marks code with backticks, which plain text doesn't need.
    return entry ? `${entry.title}. ${entry.advice}`.replaceAll('`', '') : problem.message;
  }

  /** Removes empty fields from what is submitted, as each would clear the stored value. */
  function leaveOutEmpty({ formData }) {
    const { search, call_outcome } = requestOf(formData);
    const sent = { ...search, ...call_outcome };
    for (const name of namesIn()) {
      if (!(name in sent) && typeof formData.get(name) === 'string') formData.delete(name);
    }
  }

  /** Validates the form, and sets the browser's validity of each field, whether it is shown or not. */
  function check() {
    const result = validate();
    setValidity(result.ok ? [] : result.problems);
    return result;
  }

  function setValidity(problems) {
    const texts = new Map();
    for (const problem of problems) {
      const name = nameOf(problem);
      if (!texts.has(name)) texts.set(name, textOf(problem));
    }
    for (const name of namesIn()) {
      for (const field of fieldsOf(name)) field.setCustomValidity(texts.get(name) ?? '');
    }
  }

  /** Shows exactly these problems at their fields. */
  function mark(problems) {
    for (const unmark of shown) unmark();
    shown = problems.map((problem) => {
      const fields = fieldsOf(nameOf(problem));
      const last = fields.at(-1);
      if (!last) return () => {};
      const note = document.createElement('span');
      note.className = 'call-outcomes-error';
      note.id = `${identify(last)}-error-${problem.code}`;
      note.textContent = textOf(problem);
      (last.closest('label') ?? last).after(note);
      for (const field of fields) {
        field.setAttribute('aria-invalid', 'true');
        describe(field, (ids) => [...ids, note.id]);
      }
      return () => {
        note.remove();
        for (const field of fields) {
          field.removeAttribute('aria-invalid');
          describe(field, (ids) => ids.filter((id) => id !== note.id));
        }
      };
    });
  }

  function markSeen() {
    const result = check();
    mark(result.ok ? [] : result.problems.filter((problem) => seen.has(nameOf(problem))));
  }

  /** Shows problems at their fields and in the list, which gets the focus. */
  function show(problems) {
    for (const name of namesIn()) seen.add(name);
    setValidity(problems);
    mark(problems);
    list(problems);
    if (problems.length > 0) box.focus();
  }

  function list(problems) {
    box.hidden = problems.length === 0;
    const heading = document.createElement('p');
    heading.textContent = title;
    heading.id = `${identify(box)}-title`;
    box.setAttribute('aria-labelledby', heading.id);
    const items = document.createElement('ul');
    for (const problem of problems) {
      const item = items.appendChild(document.createElement('li'));
      const [field] = fieldsOf(nameOf(problem));
      const label = field?.labels?.[0]?.textContent.trim();
      const text = label ? `${label}: ${textOf(problem)}` : textOf(problem);
      if (!field) {
        item.textContent = text;
        continue;
      }
      const link = item.appendChild(document.createElement('a'));
      link.href = `#${identify(field)}`;
      link.textContent = text;
      link.addEventListener('click', (event) => {
        event.preventDefault();
        field.focus();
      });
    }
    box.replaceChildren(heading, items);
  }

  function submit(event) {
    if (event.submitter?.formNoValidate) return;
    const result = check();
    show(result.ok ? [] : result.problems);
    if (result.ok) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function leave({ target, relatedTarget }) {
    // A note that appears now would move the button from under the pointer.
    if (relatedTarget?.type === 'submit') return;
    seen.add(target.name);
    markSeen();
  }

  function reset() {
    seen.clear();
    // The fields have their values back once this event is over.
    setTimeout(() => {
      markSeen();
      list([]);
    });
  }

  const listen = (type, listener) => form.addEventListener(type, listener, { signal: listening.signal });
  // The browser still keeps the validity, but does not show it.
  form.noValidate = true;
  box.classList.add('call-outcomes-summary');
  box.setAttribute('role', 'group');
  box.tabIndex = -1;
  list([]);
  listen('submit', submit);
  listen('formdata', leaveOutEmpty);
  listen('input', markSeen);
  listen('focusout', leave);
  listen('reset', reset);
  check();

  return {
    check,
    show,
    unbind() {
      listening.abort();
      mark([]);
      setValidity([]);
      form.noValidate = noValidate;
      if (ownBox) box.remove();
      else list([]);
    },
  };
}

let identified = 0;

/** The id of an element, which it gets if it has none. */
function identify(element) {
  element.id ||= `call-outcomes-${(identified += 1)}`;
  return element.id;
}

function describe(field, change) {
  const ids = change((field.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean));
  if (ids.length > 0) field.setAttribute('aria-describedby', ids.join(' '));
  else field.removeAttribute('aria-describedby');
}
