/** Processes, databases and folders that the benchmark releases at the end of a run, also after an error. */
export class Resources {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private closing?: Promise<void>;

  /** @param close called once; immediately if the resources are closed already, after an interruption */
  add(close: () => Promise<unknown>): void {
    this.closers.push(close);
    if (this.closing) {
      this.closing = this.closing.then(() => this.closeAll());
    }
  }

  /** Releases everything, the latest first. An error does not stop the release of the rest. */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  /** Runs a part and releases the resources of this part. */
  async within<T>(part: (resources: Resources) => Promise<T>): Promise<T> {
    const own = new Resources();
    this.add(() => own.close());
    try {
      return await part(own);
    } finally {
      await own.close();
    }
  }

  private async closeAll(): Promise<void> {
    for (let close = this.closers.pop(); close; close = this.closers.pop()) {
      await close().catch((error: Error) => process.stderr.write(`${error.message}\n`));
    }
  }
}
