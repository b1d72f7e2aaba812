// A job that was asked for here, from its start to its end.
// Ends when the job's own state does, never on an answer: a bridge may die in between, and the job go on.

import type { CancelAnswer, Job, WorkDone } from "./protocol";

export const hasEnded = (job: Job): boolean => job.state === "done" || job.state === "failed";

export class RunningJob {
  /** The job once it is done or failed: its `state` and `outcome` say how. Rejects if the bridge is gone. */
  readonly ended: Promise<Job>;
  #end!: (job: Job) => void;
  #lose!: (error: Error) => void;
  #listeners: ((job: Job) => void)[] = [];

  constructor(
    /** As it is now. */
    public job: Job,
    /** Cancel it; resolves once it has ended. `accepted` is false where it was complete before. */
    readonly cancel: () => Promise<CancelAnswer>,
    /** @internal Asks a bridge that is new how the job stands. */
    readonly look: () => Promise<Job>,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#lose = reject;
    });
    this.ended.catch(() => undefined); // Whoever does not wait for it need not hear of it.
    if (hasEnded(job)) this.#end(job);
  }

  get id(): string {
    return this.job.id;
  }

  /** Call it with the job as it is now, and at every change of it. */
  onUpdate(listener: (job: Job) => void): this {
    this.#listeners.push(listener);
    listener(this.job);
    return this;
  }

  /** @internal The bridge told how it is. What has ended stays so. */
  update(job: Job): void {
    if (hasEnded(this.job)) return;
    this.job = { ...job, percentage: Math.max(job.percentage, this.job.percentage) };
    for (const listener of this.#listeners) listener(this.job);
    if (hasEnded(job)) this.#end(this.job);
  }

  /** @internal Nobody will tell how it ends. */
  lose(error: Error): void {
    this.#lose(error);
  }
}

/** The job as its progress says that it is by now. */
export const advanced = (job: Job, progress: WorkDone): Job => ({
  ...job,
  percentage: progress.percentage ?? job.percentage,
  phase: progress.kind === "end" ? job.phase : (progress.message ?? job.phase),
});
