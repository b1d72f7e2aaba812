// A client of vscode-jsonrpc's: `client.cjs FOLDER STEPS COMMAND…` holds a conversation with what it starts.
// FOLDER has vscode-jsonrpc in it. STEPS are [method, params or null, whether it is cancelled], one after the
// other. Prints the answers as JSON, then the server's exit code.
const { spawn } = require("node:child_process");
const { createRequire } = require("node:module");

const [folder, steps, command, ...words] = process.argv.slice(2);
const { createMessageConnection, CancellationTokenSource, StreamMessageReader, StreamMessageWriter } = createRequire(
  `${folder}/`,
)("vscode-jsonrpc/node");

const server = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
const connection = createMessageConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);

async function answer([method, params, cancelled]) {
  const source = new CancellationTokenSource();
  const asked =
    params === null
      ? connection.sendRequest(method, source.token)
      : connection.sendRequest(method, params, source.token);
  const answered = asked.then(
    (result) => ({ result }),
    (error) => ({ error: error.code }),
  );
  if (cancelled) {
    await connection.sendRequest("jobs/list");
    source.cancel();
  }
  return answered;
}

async function talk() {
  connection.listen();
  const answers = [];
  for (const step of JSON.parse(steps)) answers.push(await answer(step));
  const ended = new Promise((resolve) => server.on("exit", resolve));
  await connection.sendNotification("exit");
  process.stdout.write(JSON.stringify([...answers, await ended]), () => process.exit(0));
}

talk();
