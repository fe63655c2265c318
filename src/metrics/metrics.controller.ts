import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '../openapi/decorators.js';
import { MetricsService } from './metrics.service.js';

/** The route that Prometheus scrapes. */
@Controller('metrics')
@ApiTags('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** Returns all metrics in Prometheus's text format. */
  @Get()
  @ApiOperation({ summary: 'Read the metrics, in the text format of Prometheus' })
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
