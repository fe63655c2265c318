/** What must be given back, however the run ends: processes, databases, folders. */
export class Resources {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private closing?: Promise<void>;

  /** @param close called once; at once where everything is given back already, because the run was interrupted */
  add(close: () => Promise<unknown>): void {
    this.closers.push(close);
    if (this.closing) {
      this.closing = this.closing.then(() => this.closeAll());
    }
  }

  /** Gives everything back, the latest first; what fails does not keep the rest. */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  /** Does a part of the run, and gives back what that part took. */
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
