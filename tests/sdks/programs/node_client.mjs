// A program on the unmodified `@pieces.app/pieces-os-client`; run as `node node_client.mjs SDK_FOLDER BASE_URL`.
//
// The same protocol as python_client.py: calls on the input, what became of each on the output, one JSON object a
// line. Uses Node's own fetch and WebSocket; knows nothing of reprieve.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, base] = process.argv.slice(2);
const sdk = createRequire(`${folder}/`)("@pieces.app/pieces-os-client");
const token = process.env.TOKEN;
const configuration = new sdk.Configuration({
  basePath: base,
  headers: token ? { Authorization: `Bearer ${token}` } : undefined,
});
const one = new sdk.BackupApi(configuration);
const all = new sdk.BackupsApi(configuration);
const connector = new sdk.ConnectorApi(configuration);
const wellKnown = new sdk.WellKnownApi(configuration);

const CALLS = {
  backups: () => all.backupsSnapshot().then(backups),
  create: ({ body }) => all.backupsCreateNewBackup({ seededBackup: seeded(body) }).then(backup),
  create_streamed: ({ body }) => all.backupsCreateNewBackupStreamed({ seededBackup: seeded(body) }).then(progress),
  delete: ({ backup, body }) => all.backupsDeleteSpecificBackup({ backup, backup2: copy(body) }),
  keep_assets: ({ body }) => one.backup({ assets: body && sdk.AssetsFromJSON(body) }),
  keep_asset: ({ body }) => one.backupAsset({ asset: body && sdk.AssetFromJSON(body) }),
  backup: ({ backup: id }) => one.backupSpecificBackupSnapshot({ backup: id }).then(backup),
  restore: ({ backup: id, body }) => one.backupRestoreSpecificBackup({ backup: id, backup2: copy(body) }).then(backup),
  restore_streamed: ({ backup, body }) =>
    one.backupRestoreSpecificBackupStreamed({ backup, backup2: copy(body) }).then(progress),
  cancel_creation: ({ backup }) => one.backupSpecificCreationCancel({ backup }),
  creation_status: ({ backup }) => one.backupSpecificCreationStatus({ backup }).then(status),
  cancel_restoration: ({ backup, body }) => one.backupSpecificRestorationCancel({ backup, backup2: copy(body) }),
  restoration_status: ({ backup }) => one.backupSpecificRestorationStatus({ backup }).then(status),
  create_by_get: () => all.backupsCreateNewBackupStreamedWebsocket().then(progress),
  restore_by_get: ({ backup }) => one.backupRestoreSpecificBackupStreamedWebsocket({ backup }).then(progress),
  progress_by_get: () => all.backupsStreamedProgress().then(everything),
  health: () => wellKnown.getWellKnownHealth(),
  version: () => wellKnown.getWellKnownVersion(),
  connect: ({ body }) =>
    connector
      .connect({ seededConnectorConnection: sdk.SeededConnectorConnectionFromJSON(body) })
      .then(({ os, application, health }) => ({ os, application: application.id, health: health.os.id })),
};
const SOCKETS = {
  create_socket: [() => "/backups/create/streamed/websocket", sdk.BackupStreamedProgressFromJSON, progress],
  restore_socket: [(id) => `/backup/${id}/restore/streamed/websocket`, sdk.BackupStreamedProgressFromJSON, progress],
  progress_socket: [() => "/backups/streamed/progress", sdk.BackupsStreamedProgressFromJSON, everything],
};

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const seeded = (body) => (body == null ? undefined : sdk.SeededBackupFromJSON(body));
const copy = (body) => (body == null ? undefined : sdk.BackupFromJSON(body));

// What the generated functions have decoded, in the words of the API's document.
function backup(decoded) {
  if (!sdk.instanceOfBackup(decoded)) throw new TypeError(`no Backup: ${JSON.stringify(decoded)}`);
  const { id, version, timestamp, bytes, created, deviceName, platform } = decoded;
  return { id, version, timestamp, bytes, created: created.value.toISOString(), device_name: deviceName, platform };
}

function backups({ iterable, indices }) {
  return { iterable: iterable.map(backup), indices };
}

function status({ backup: of, value, percentage }) {
  return { backup: backup(of), value, percentage };
}

function progress({ backup: of, status, percentage }) {
  return { backup: of ? backup(of) : null, status, percentage };
}

function everything({ backups, restorations }) {
  return { backups: backups.map(progress), restorations: restorations.map(progress) };
}

async function call(id, name, given) {
  try {
    say({ id, returned: (await CALLS[name](given)) ?? null });
  } catch (error) {
    const { response } = error;
    say({ id, raised: error.name, status: response?.status ?? null, body: response ? await response.text() : String(error) });
  }
}

function listen(id, name, { backup, first }) {
  const [path, decode, told] = SOCKETS[name];
  const protocols = token ? ["reprieve", `reprieve.bearer.${token}`] : []; // this WebSocket cannot set headers
  const socket = new WebSocket(base.replace("http", "ws") + path(backup), protocols);
  if (first != null) socket.onopen = () => socket.send(first);
  socket.onmessage = ({ data }) => say({ id, frame: told(decode(JSON.parse(data))) });
  socket.onerror = ({ message }) => say({ id, raised: "WebSocketError", status: null, body: message });
  socket.onclose = ({ code }) => say({ id, returned: { closed: code } });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call: name, ...given } = JSON.parse(line);
  if (name in SOCKETS) listen(id, name, given);
  else call(id, name, given);
}
process.exit();
