import type { Clearable, Code, Finding, Options, ValueResult } from './index.js';
import type { Rules } from './slim.js';

/** The settings of {@link bindForm}. */
export interface FormOptions {
  /** The rules: the exports of `call-outcomes`, or what `load` of `call-outcomes/slim` returns. */
  readonly rules: Pick<Rules, 'validateValue' | 'requestFromForm' | 'codes' | 'parameters'>;
  /** The options of validation. */
  readonly options?: Options;
  /**
   * The fields that clear the stored value if they are empty. Any other empty field is not sent, which keeps the stored
   * value.
   */
  readonly clears?: readonly Clearable[];
  /** Texts by code, for other languages or wording. A code without one has the text of the registry. */
  readonly messages?: { readonly [code in Code]?: string | ((problem: Finding) => string) };
  /** The title of the list of problems. */
  readonly title?: string;
  /** The element for the list of problems. By default the list is at the top of the form. */
  readonly summary?: HTMLElement;
}

/** A bound form. */
export interface BoundForm {
  /** Validates the form without showing anything. If it is `ok`, `request` is what a backend would forward. */
  check(): ValueResult;
  /** Shows problems, such as those that the backend returned, and moves the focus to their list. */
  show(problems: readonly Finding[]): void;
  /** Restores the form. */
  unbind(): void;
}

/**
 * Binds a form to the rules. Its fields are named like the parameters; other fields are ignored.
 *
 * Each problem becomes its field's validity in the browser. It is shown next to the field once the person has left the field.
 * A form with problems is not submitted; instead, a list of them gets the focus. A form never contains a token: it posts to
 * your backend, which has one. What the form submits, natively or as `new FormData(form)`, leaves out the empty fields that
 * are not in `clears`.
 */
export function bindForm(form: HTMLFormElement, options: FormOptions): BoundForm;
