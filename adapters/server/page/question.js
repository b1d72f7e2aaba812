// A question before something is replaced or removed: what happens, to what, and two answers.
// The safe answer has the focus. The browser's own dialog keeps the focus inside, and gives it back.

import { byId, make } from "./dom.js";

/** Ask, and tell whether the answer was yes. `facts` are pairs of a name and what it is. */
export function ask({ title, says, facts, also, yes, no }) {
  const dialog = byId("question");
  byId("question-title").textContent = title;
  byId("question-yes").textContent = yes;
  byId("question-no").textContent = no;
  byId("question-says").replaceChildren(
    make("p", {}, says),
    make("dl", {}, ...facts.flatMap(([name, fact]) => [make("dt", {}, name), make("dd", {}, fact)])),
    make("p", { class: "also" }, also),
  );
  return new Promise((answer) => {
    byId("question-yes").onclick = () => dialog.close("yes");
    byId("question-no").onclick = () => dialog.close("no");
    dialog.onclose = () => answer(dialog.returnValue === "yes");
    dialog.returnValue = "no";
    dialog.showModal();
    dialog.scrollTop = 0;
  });
}
