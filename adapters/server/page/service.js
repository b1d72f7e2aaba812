// The service, as calls: every path that this page uses, and what can go wrong with one.
// Knows HTTP; nothing of what is shown.

/** The service said no; the message is its sentence. */
export class Refused extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/** Nobody answered. */
export class Gone extends Error {}

export class Service {
  #token;

  constructor(token) {
    this.#token = token;
  }

  about = () => this.#get("/v1/service");
  backups = async () => (await this.#get("/v1/backups")).backups;
  undoCopies = async () => (await this.#get("/v1/undo-copies")).undoCopies;
  jobs = async () => (await this.#get("/v1/jobs?limit=30")).jobs;

  backUp = () => this.#post("/v1/backups");
  restore = (backup) => this.#post(`/v1/backups/${backup}/restore`);
  revert = (undo) => this.#post("/v1/revert", { undo });
  cancel = (job) => this.#post(`/v1/jobs/${job}/cancel`);
  delete = (backup) => this.#post(`/backups/${backup}/delete`);

  /** The socket that tells every job in progress. Here a page can set no header: the token is a protocol. */
  progress() {
    return new WebSocket("/backups/streamed/progress", ["reprieve", `reprieve.bearer.${this.#token}`]);
  }

  #get(path) {
    return this.#call(path, {});
  }

  #post(path, body) {
    const json = body && { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    return this.#call(path, { method: "POST", ...json });
  }

  async #call(path, { headers, ...options }) {
    const answer = await fetch(path, {
      ...options,
      headers: { ...headers, Authorization: `Bearer ${this.#token}` },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    }).catch((error) => {
      throw new Gone(error.message);
    });
    if (!answer.ok) throw new Refused(await answer.text(), answer.status);
    return answer.status === 204 ? null : answer.json();
  }
}
