// What the buttons do: ask first where something is replaced or removed, then ask the service for it.
// A refusal is shown as the service's own sentence.

import { alarm, dismissAll } from "./notices.js";
import { ask } from "./question.js";
import { Gone } from "./service.js";
import { ago, moment, parted, size } from "./words.js";

const UNHEARD = "The service did not answer. Whether it heard this will be seen once it is back.";

/**
 * The deeds on a service. `database` gives the name of what is backed up, `started` is told each job that was
 * begun, `changed` is called after anything was changed.
 */
export function deeds(service, { database, started, changed }) {
  const attempt = async (deed) => {
    dismissAll();
    if (document.body.dataset.stands !== "live") return alarm("The service does not answer; nothing was asked of it.");
    try {
      const job = await deed();
      if (job) started(job);
      await changed();
    } catch (error) {
      alarm(error instanceof Gone ? UNHEARD : error.message);
    }
  };

  return {
    backUp: () => attempt(service.backUp),

    cancel: (job) => attempt(() => service.cancel(job.id)),

    async restore(backup) {
      const at = new Date(backup.created);
      const { name } = parted(database());
      const yes = await ask({
        title: "Replace the whole database?",
        says: `Everything that ${name} holds now is replaced by what it held ${ago(at)}. What was written to it since then will not be in it.`,
        facts: [
          ["Replaced", database()],
          ["By the backup of", `${moment(at)} (${ago(at)})`],
          ["Its size", size(backup.bytes)],
          ["Made on", backup.deviceName],
        ],
        also: "What it holds now is kept, and can be brought back with Revert. Programs that have it open can stay open.",
        yes: "Replace it",
        no: "Leave it as it is",
      });
      if (yes) await attempt(() => service.restore(backup.id));
    },

    async revert(copy) {
      const at = new Date(copy.created);
      const { name } = parted(database());
      const yes = await ask({
        title: "Put back what was replaced?",
        says: `Everything that ${name} holds now is replaced by what it held until ${moment(at)}, when it was replaced (${copy.reason}).`,
        facts: [
          ["Replaced", database()],
          ["By what it held until", `${moment(at)} (${ago(at)})`],
          ["Its size", size(copy.bytes)],
        ],
        also: "What it holds now is kept in turn; another revert brings that back.",
        yes: "Put it back",
        no: "Leave it as it is",
      });
      if (yes) await attempt(() => service.revert(copy.id));
    },

    async remove(backup) {
      const at = new Date(backup.created);
      const yes = await ask({
        title: "Delete this backup?",
        says: "It goes from the list and can no longer be restored. The database itself is not touched.",
        facts: [
          ["Backup of", `${moment(at)} (${ago(at)})`],
          ["Its size", size(backup.bytes)],
          ["Made on", backup.deviceName],
        ],
        also: "What other backups share with it stays.",
        yes: "Delete it",
        no: "Keep it",
      });
      if (yes) await attempt(() => service.delete(backup.id));
    },
  };
}
