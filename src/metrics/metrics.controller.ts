import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { MetricsService } from './metrics.service.js';

/** For Prometheus. */
@Controller('metrics')
@ApiTags('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** Everything that is measured, in Prometheus's text format. */
  @Get()
  @ApiOperation({ summary: 'Read the metrics, in the text format of Prometheus' })
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
