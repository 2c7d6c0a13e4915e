// Starts Chromium with Playwright, for tests, measurements and screenshots.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium as executablePath, root } from '../../scripts/lib/run.mjs';

/** The folder of the npm packages for tests of the package and the pages. */
export const tools = join(root, 'tests/package/tools');

/** Loads one of these packages. */
export const tool = createRequire(join(tools, 'package.json'));

const own = { executablePath, chromiumSandbox: false };

/** Starts the browser. */
export function launch(options = {}) {
  return tool('playwright-core').chromium.launch({ ...own, ...options });
}

/** Starts the browser with its profile in a folder. Returns the context, which has a page. */
export function launchWithProfile(folder) {
  return tool('playwright-core').chromium.launchPersistentContext(folder, own);
}
