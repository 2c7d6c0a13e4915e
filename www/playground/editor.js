// The editor of a request: CodeMirror, bundled by the build. It is in a shadow root because the site's policy forbids
// scripts to add styles to the document. The page tells it which problems to mark.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json, jsonLanguage } from '@codemirror/lang-json';
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  WidgetType,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';

const MONOSPACE = "ui-monospace, 'SF Mono', Menlo, Consolas, monospace";

const theme = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--field)', fontSize: '0.875rem' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: MONOSPACE, lineHeight: '1.6', minHeight: '19rem' },
  '.cm-content': { caretColor: 'var(--text)', padding: '0.75rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--soft)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hint)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selection)', outline: 'none' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad) 1.5px', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn) 1.5px', textUnderlineOffset: '3px' },
  '.cm-lintPoint::after': { borderBottomColor: 'var(--bad)' },
  '.cm-lint-marker-error': { content: 'none', backgroundColor: 'var(--bad)', borderRadius: '50%', transform: 'scale(0.5)' },
  '.cm-lint-marker-warning': { content: 'none', backgroundColor: 'var(--warn)', transform: 'rotate(45deg) scale(0.45)' },
  '.cm-tooltip': { backgroundColor: 'var(--page)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: '0.4rem' },
  '.cm-diagnostic': { padding: '0.4rem 0.7rem', borderLeft: '3px solid var(--bad)', maxWidth: '28rem' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-diagnosticAction': {
    font: 'inherit',
    color: 'var(--page)',
    backgroundColor: 'var(--accent)',
    border: 'none',
    borderRadius: '0.3rem',
    padding: '0.1rem 0.5rem',
    marginLeft: '0.5rem',
    cursor: 'pointer',
  },
  '.cm-note': { color: 'var(--soft)', fontStyle: 'italic', paddingLeft: '1.5em' },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--name)' },
  { tag: tags.string, color: 'var(--string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--number)' },
]);

/** A remark after the end of a line. It is not part of the text. */
class Note extends WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }

  eq(other) {
    return other.text === this.text;
  }

  toDOM() {
    return Object.assign(document.createElement('span'), { className: 'cm-note', textContent: this.text });
  }
}

const setNotes = StateEffect.define();
const notes = StateField.define({
  create: () => Decoration.none,
  update(shown, transaction) {
    const effect = transaction.effects.find((effect) => effect.is(setNotes));
    return effect ? Decoration.set(effect.value, true) : shown.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * Creates an editor in an element. `changed` is called after each change of the text. `keys` has commands by key.
 */
export function createEditor(parent, { label, describedBy, changed, keys }) {
  const root = parent.attachShadow({ mode: 'open', delegatesFocus: true });
  const bindings = Object.entries(keys).map(([key, run]) => ({ key, run: () => (run(), true), preventDefault: true }));
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      extensions: [
        keymap.of([...bindings, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        lineNumbers(),
        lintGutter(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        json(),
        notes,
        theme,
        syntaxHighlighting(colours),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, 'aria-description': describedBy }),
        EditorView.updateListener.of((update) => update.docChanged && changed()),
      ],
    }),
  });
  const text = () => view.state.doc.toString();

  function replace(from, to, insert, selection) {
    view.dispatch({ changes: { from, to, insert }, selection, userEvent: 'input' });
  }

  return {
    get text() {
      return text();
    },
    /** Replaces the whole text. The user can undo this. */
    set text(value) {
      replace(0, view.state.doc.length, value, { anchor: 0 });
    },
    replace: ([from, to], insert) => replace(from, to, insert),
    focus: () => view.focus(),
    select([anchor, head]) {
      view.dispatch({ selection: { anchor, head }, scrollIntoView: true });
      view.focus();
    },
    /** Marks diagnostics, in the format of CodeMirror: `{ from, to, severity, message, actions }`. */
    mark(diagnostics) {
      const end = view.state.doc.length;
      const within = ({ from, to, ...others }) => ({ from: Math.min(from, end), to: Math.min(to, end), ...others });
      view.dispatch(setDiagnostics(view.state, diagnostics.map(within)));
      view.contentDOM.setAttribute('aria-invalid', String(diagnostics.some(({ severity }) => severity === 'error')));
    },
    /** Shows remarks, `[offset, text]`, after the ends of lines. */
    note(remarks) {
      const widget = ([offset, text]) =>
        Decoration.widget({ widget: new Note(text), side: 1 }).range(view.state.doc.lineAt(offset).to);
      view.dispatch({ effects: setNotes.of(remarks.map(widget)) });
    },
    /** The members of the object at a path of names, or `undefined` if there is no such object. */
    members: (...path) => members(text(), path),
    /** Sets a member of an object of the root, or removes it. The rest of the text stays as it is written. */
    set(section, name, value) {
      const change = edit(text(), section, name, value);
      if (change) replace(...change);
    },
    /** The text without a member of its root. */
    without(name) {
      const found = text();
      const change = removal(found, rootOf(found), name);
      return change ? found.slice(0, change[0]) + found.slice(change[1]) : found;
    },
  };
}

const rootOf = (text) => {
  const root = jsonLanguage.parser.parse(text).topNode.firstChild;
  return root?.name === 'Object' ? root : undefined;
};

/** The properties of an object by name. If two have the same name, the last one counts. */
function properties(text, object) {
  const found = new Map();
  for (const property of object.getChildren('Property')) {
    const name = property.getChild('PropertyName');
    const value = property.lastChild;
    if (!name || value.type.isError || value === name) continue;
    found.set(JSON.parse(text.slice(name.from, name.to)), { property, value });
  }
  return found;
}

function members(text, path) {
  try {
    let object = rootOf(text);
    for (const name of path) {
      const { value } = (object && properties(text, object).get(name)) ?? {};
      object = value?.name === 'Object' ? value : undefined;
    }
    if (!object) return undefined;
    const entries = [...properties(text, object)].map(([name, { value: { from, to } }]) => [name, { from, to }]);
    return new Map(entries);
  } catch {
    // The name is not complete yet.
    return undefined;
  }
}

function edit(text, section, name, value) {
  const root = rootOf(text);
  if (!root) return undefined;
  const object = properties(text, root).get(section)?.value;
  if (object?.name !== 'Object') {
    if (value === undefined) return undefined;
    const member = `${JSON.stringify(section)}: {\n    ${JSON.stringify(name)}: ${value}\n  }`;
    return object ? [object.from, object.to, member.slice(member.indexOf('{'))] : insertion(text, root, member, '  ');
  }
  const present = properties(text, object).get(name)?.value;
  if (value === undefined) return removal(text, object, name);
  if (present) return [present.from, present.to, value];
  return insertion(text, object, `${JSON.stringify(name)}: ${value}`, '    ');
}

function insertion(text, object, member, indent) {
  const last = object.getChildren('Property').at(-1);
  if (last) return [last.to, last.to, `,\n${indent}${member}`];
  return [object.from + 1, object.to - 1, `\n${indent}${member}\n${indent.slice(2)}`];
}

/** Removes a property with the comma before it, or after it if it is the first. */
function removal(text, object, name) {
  const found = object && properties(text, object).get(name);
  if (!found) return undefined;
  const { property } = found;
  const all = object.getChildren('Property');
  const at = all.findIndex(({ from }) => from === property.from);
  if (at > 0) return [all[at - 1].to, property.to, ''];
  return all.length > 1 ? [property.from, all[1].from, ''] : [object.from + 1, object.to - 1, ''];
}
