import { AsyncResource } from 'node:async_hooks';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ChangeSignal } from './change-signal.js';

/** Shortest interval of two hints, in ms. */
const INTERVAL_MS = 250;

/**
 * Gives who LISTENs to `openim_changes` in SQL a hint after changes. It is a transaction of its own, since PostgreSQL commits transactions with
 * NOTIFY one at a time.
 */
@Injectable()
export class ChangeNotifier implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private unsubscribe?: () => void;
  /** In no span: the hint belongs to no callback. */
  private readonly notify = AsyncResource.bind(() => void this.send());

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly signal: ChangeSignal,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = this.signal.subscribe(() => {
      this.timer ??= setTimeout(this.notify, INTERVAL_MS);
    });
  }

  onApplicationShutdown(): void {
    this.unsubscribe?.();
    clearTimeout(this.timer);
  }

  /** A hint that is lost does no harm: the feed has the change. */
  private async send(): Promise<void> {
    delete this.timer;
    await this.dataSource.query("SELECT pg_notify('openim_changes', '')").catch(() => undefined);
  }
}
