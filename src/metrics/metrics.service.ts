import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '../config/version.js';

/** Default gauges of prom-client with the name of a counter, which promtool refuses. Each is the sum of another metric over its types. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** The registry of metrics: metrics of the process, and those that each feature registers. */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    MISNAMED.forEach((name) => this.registry.removeSingleMetric(name));
    const build = new Gauge({
      name: 'openim_build_info',
      help: 'Always 1; the labels are the versions of the service and of Node',
      labelNames: ['version', 'node_version'],
      registers: [this.registry],
    });
    build.set({ version: VERSION, node_version: process.version }, 1);
  }
}
