// How the page stands with its service: connecting, live, without an answer, or locked for want of a token.
// What was read stays to be seen while nobody answers; its buttons say that they cannot do anything.

import { byId, say } from "./dom.js";
import { clock, parted } from "./words.js";

const WORDS = { opening: "Connecting", live: "Live", gone: "No answer", locked: "Locked" };
let heardAt = null;

/** Show that it stands so; `about` is what the service says of itself. */
export function stand(stands, about) {
  if (stands === "live") heardAt = new Date();
  if (about) name(about);
  document.body.dataset.stands = stands;
  say(byId("link-says"), WORDS[stands]);
  byId("content").hidden = heardAt === null || stands === "locked";
  byId("locked").hidden = stands !== "locked";
  byId("back-up").hidden = stands === "locked";
  byId("gone").hidden = stands !== "gone";
  say(byId("gone-says"), stands === "gone" ? absence() : "");
  for (const act of document.querySelectorAll(".act")) {
    if (act.closest("[data-state=cancelling]") === null) act.setAttribute("aria-disabled", stands !== "live");
  }
}

/** Show nothing but why, and where the link is to be had. */
export function lock(sentence) {
  say(byId("locked-says"), sentence);
  stand("locked");
}

function absence() {
  const seen = heardAt ? ` What you see is how it was at ${clock(heardAt)}.` : "";
  return `The service does not answer; it may have been stopped.${seen} It is tried again until it does.`;
}

function name({ database, name, version }) {
  const { folder, name: last } = parted(database);
  document.title = `${last} – reprieve`;
  say(byId("database"), last);
  say(byId("folder"), folder);
  say(byId("service"), `${name} ${version}`);
}
