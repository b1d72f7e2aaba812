// Back a database up before its program is updated; stop that with Ctrl-C. `node back-up.mts snippets.db`
import { ReprieveClient } from "reprieve-vscode";

const client = await ReprieveClient.connect({ target: process.argv[2] ?? "snippets.db" });
try {
  const running = await client.createBackup();
  process.once("SIGINT", () => void running.cancel());
  running.onUpdate((job) => console.log(`${job.state} ${Math.floor(job.percentage)} %`));

  const job = await running.ended;
  if (job.state === "failed") console.error(job.error?.message);
  else console.log(job.outcome === "completed" ? `Backup ${job.backup}` : "Cancelled");

  for (const backup of await client.backups()) console.log(backup.created, backup.bytes);
} finally {
  await client.close();
}
