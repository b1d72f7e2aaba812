// Sentences that somebody should read: what the service refused, and how jobs ended.
// They stay until they are dismissed, or until something else is asked for. Knows nothing of what they say.

import { button, byId, make } from "./dom.js";

const MOST = 3;

/** Show that something went wrong, once for as long as it is the last that was said: it is read out at once. */
export const alarm = (sentence) => add(sentence, { class: "notice bad", role: "alert" });

/** Show that something is done; a status elsewhere is what reads it out. */
export const note = (sentence) => add(sentence, { class: "notice" });

export function dismissAll() {
  byId("notices").replaceChildren();
}

function add(sentence, attributes) {
  const notices = byId("notices");
  if (notices.firstChild?.firstChild.textContent === sentence) return;
  const away = button("Dismiss", () => {
    notice.remove();
    byId("backups-title").focus();
  });
  const notice = make("div", attributes, make("p", {}, sentence), away);
  notices.prepend(notice);
  while (notices.children.length > MOST) notices.lastChild.remove();
}
