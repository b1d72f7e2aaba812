// npm's EventSource, as the author of a plugin uses it: MODULES URL. Each event, and the end, is a line of JSON.
import { createRequire } from "node:module";

const [modules, url] = process.argv.slice(2);
const { EventSource } = createRequire(`${modules}/`)("eventsource");
const say = (said) => console.log(JSON.stringify(said));
const source = new EventSource(url);

for (const name of ["position", "job", "message"]) {
  source.addEventListener(name, ({ data, lastEventId }) => say({ name, id: lastEventId, data: JSON.parse(data) }));
}
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) say({ name: "closed" });
});
