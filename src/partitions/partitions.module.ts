import { Module } from '@nestjs/common';
import { RetentionService } from './retention.service.js';

/** The partitions of the logs, and their retention. */
@Module({ providers: [RetentionService] })
export class PartitionsModule {}
