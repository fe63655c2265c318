import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '../config/version.js';

/** Gauges with names of counters; each is the sum of another metric, over its types. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** What Prometheus reads: the process's own figures, and those that the features register beside their code. */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    MISNAMED.forEach((name) => this.registry.removeSingleMetric(name));
    const build = new Gauge({
      name: 'openim_build_info',
      help: '1, with the version of the service and of Node',
      labelNames: ['version', 'node_version'],
      registers: [this.registry],
    });
    build.set({ version: VERSION, node_version: process.version }, 1);
  }
}
