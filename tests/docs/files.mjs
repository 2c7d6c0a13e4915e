// The files of the repository, without what builds and installs write.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Matches the paths of what builds and installs write. */
export const BUILT = /^(\.git|\.wrangler|build|target|fuzz\/(artifacts|target)|package\/dist|www\/(pkg|errors|docs\.html|[a-z]+\.json))(\/|$)|(^|\/)node_modules(\/|$)/;

/** The files below a folder, by their paths from the root. */
export function* filesOf(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (BUILT.test(path)) continue;
    if (entry.isDirectory()) yield* filesOf(path);
    else yield path;
  }
}
