import { Module } from '@nestjs/common';
import { OpenImClient } from './openim.client.js';

/** OpenIM's REST API. */
@Module({ providers: [OpenImClient], exports: [OpenImClient] })
export class OpenImModule {}
