// A backup before an extension updates its own data: once for each version that it runs in.

import type { Memento } from "vscode";

/** Back up unless `extension` was seen in this version. Raises what `backUp` does; then it is due again. */
export async function backUpBeforeUpdate(
  seen: Memento,
  extension: string,
  version: string,
  backUp: () => Promise<void>,
): Promise<void> {
  const key = `version of ${extension}`;
  if (seen.get(key) === version) return;
  await backUp();
  await seen.update(key, version);
}
