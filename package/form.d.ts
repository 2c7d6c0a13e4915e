import type { Clearable, Code, Finding, Options, ValueResult } from './index.js';
import type { Rules } from './slim.js';

/** How a form is bound. */
export interface FormOptions {
  /** The rules: everything that `call-outcomes` exports, or what `load` of `call-outcomes/slim` answers. */
  readonly rules: Pick<Rules, 'validateValue' | 'requestFromForm' | 'codes' | 'parameters'>;
  /** The server's options. */
  readonly options?: Options;
  /**
   * The fields that clear what was reported before if they are empty. Any other empty field is not sent, and so leaves
   * what was reported as it is.
   */
  readonly clears?: readonly Clearable[];
  /** Texts by code, for other languages or other words. Those of the registry stand in for what is missing. */
  readonly messages?: { readonly [code in Code]?: string | ((problem: Finding) => string) };
  /** What stands above the list of problems. */
  readonly title?: string;
  /** Where the list of problems is shown. Without it, that is at the top of the form. */
  readonly summary?: HTMLElement;
}

/** A form that is bound. */
export interface BoundForm {
  /** Validates the form as it is, and shows nothing. With `ok`, its `request` is what a backend would send on. */
  check(): ValueResult;
  /** Shows problems, such as those that the backend answered, and takes the focus to their list. */
  show(problems: readonly Finding[]): void;
  /** Leaves the form as it was. */
  unbind(): void;
}

/**
 * Binds a form to the rules. Its fields are named like the parameters; other fields are not looked at.
 *
 * What is wrong with a field is its validity in the browser's own sense, is shown beside it once it was left, and keeps the
 * form from being sent, which shows a list of everything that is wrong. It takes no token: the form posts to the site's own
 * backend, which has one. What the form sends, natively or as `new FormData(form)`, lacks the empty fields that are not
 * among `clears`.
 */
export function bindForm(form: HTMLFormElement, options: FormOptions): BoundForm;
