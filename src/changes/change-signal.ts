import { Injectable } from '@nestjs/common';

/** Tells who waits for changes in this process that one was committed. It says nothing of other replicas. */
@Injectable()
export class ChangeSignal {
  private readonly listeners = new Set<() => void>();

  /** Calls the listener after each commit of a change. @returns the end of that */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(): void {
    this.listeners.forEach((listener) => listener());
  }
}
