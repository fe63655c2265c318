import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { CallbackDelivery } from './callback-delivery.entity.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesService } from './deliveries.service.js';
import { TimelineService } from './timeline.service.js';

/** The log of callbacks, and the timelines of groups. */
@Module({
  imports: [TypeOrmModule.forFeature([CallbackDelivery]), AdminApiModule],
  controllers: [DeliveriesController],
  providers: [DeliveriesService, TimelineService],
  exports: [DeliveriesService, TimelineService],
})
export class DeliveriesModule {}
